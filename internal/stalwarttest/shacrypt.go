package stalwarttest

import (
	"hash"
	"strconv"
	"strings"
)

// shaCrypt verifies a sha256-crypt ($5$) or sha512-crypt ($6$) hash, after the
// description by Ulrich Drepper ("Unix crypt using SHA-256 and SHA-512").
func shaCrypt(algorithm func() hash.Hash, stored, given string) (bool, error) {
	parts := strings.Split(stored[3:], "$")
	rounds, salt := 5000, parts[0]
	if value, found := strings.CutPrefix(parts[0], "rounds="); found && len(parts) > 1 {
		n, err := strconv.Atoi(value)
		if err != nil {
			return false, errSecretFormat
		}
		rounds, salt = min(max(n, 1000), 999999999), parts[1]
		parts = parts[1:]
	}
	if len(parts) != 2 {
		return false, errSecretFormat
	}
	salt = salt[:min(len(salt), 16)]
	return encodeShaCrypt(shaCryptDigest(algorithm, []byte(given), []byte(salt), rounds)) == parts[1], nil
}

func shaCryptDigest(algorithm func() hash.Hash, key, salt []byte, rounds int) []byte {
	b := digest(algorithm, key, salt, key)
	h := algorithm()
	h.Write(key)
	h.Write(salt)
	h.Write(repeatTo(b, len(key)))
	for n := len(key); n > 0; n >>= 1 {
		if n&1 == 1 {
			h.Write(b)
		} else {
			h.Write(key)
		}
	}
	a := h.Sum(nil)
	p := repeatTo(repeatedDigest(algorithm, key, len(key)), len(key))
	s := repeatTo(repeatedDigest(algorithm, salt, 16+int(a[0])), len(salt))
	for i := range rounds {
		a = shaCryptRound(algorithm, i, a, p, s)
	}
	return a
}

func shaCryptRound(algorithm func() hash.Hash, i int, a, p, s []byte) []byte {
	h := algorithm()
	first, last := a, p
	if i&1 == 1 {
		first, last = p, a
	}
	h.Write(first)
	if i%3 != 0 {
		h.Write(s)
	}
	if i%7 != 0 {
		h.Write(p)
	}
	h.Write(last)
	return h.Sum(nil)
}

func digest(algorithm func() hash.Hash, parts ...[]byte) []byte {
	h := algorithm()
	for _, part := range parts {
		h.Write(part)
	}
	return h.Sum(nil)
}

func repeatedDigest(algorithm func() hash.Hash, part []byte, times int) []byte {
	h := algorithm()
	for range times {
		h.Write(part)
	}
	return h.Sum(nil)
}

func repeatTo(b []byte, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = b[i%len(b)]
	}
	return out
}

// encodeShaCrypt writes the digest in crypt's own base 64, three bytes at a
// time in a rotating order.
func encodeShaCrypt(d []byte) string {
	third := len(d) / 3 // 21 for SHA-512, 10 for SHA-256
	var out strings.Builder
	for i := range third {
		a, b, c := i, i+third, i+2*third
		turn := i % 3
		if len(d) == 32 { // SHA-256 rotates the other way
			turn = (3 - turn) % 3
		}
		switch turn {
		case 1:
			a, b, c = b, c, a
		case 2:
			a, b, c = c, a, b
		}
		put64(&out, uint(d[a])<<16|uint(d[b])<<8|uint(d[c]), 4)
	}
	if len(d) == 32 {
		put64(&out, uint(d[31])<<8|uint(d[30]), 3)
	} else {
		put64(&out, uint(d[63]), 2)
	}
	return out.String()
}

func put64(out *strings.Builder, v uint, n int) {
	const alphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	for range n {
		out.WriteByte(alphabet[v&63])
		v >>= 6
	}
}
