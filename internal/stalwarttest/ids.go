package stalwarttest

import (
	"crypto/rand"
	"strings"
	"time"
)

// idAlphabet is the base 32 of Stalwart's ids. Its last six characters are
// digits, so an id may look like a number.
const idAlphabet = "abcdefghijklmnopqrstuvwxyz792013"

// recoveryID is the account id of the recovery administrator, who is no account.
const recoveryID = "d333333"

// noID is the id of "no domain": all bits set.
const noID = "p333333333333"

const singletonID = "singleton"

func encodeID(n uint64) string {
	if n == 0 {
		return "a"
	}
	var out []byte
	for ; n > 0; n >>= 5 {
		out = append(out, idAlphabet[n&31])
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return string(out)
}

func decodeID(s string) (uint64, bool) {
	if s == "" || len(s) > 13 {
		return 0, false
	}
	var n uint64
	for i := range len(s) {
		digit := strings.IndexByte(idAlphabet, s[i])
		if digit < 0 {
			return 0, false
		}
		n = n<<5 | uint64(digit)
	}
	return n, true
}

// newTimeID makes an id that grows with time, as objects other than accounts,
// domains, roles and lists have it.
func (st *store) newTimeID(now time.Time) string {
	stamp := uint64(now.UnixMilli()) << 18
	if stamp <= st.lastStamp {
		stamp = st.lastStamp + 1
	}
	st.lastStamp = stamp
	return encodeID(stamp)
}

// randomText returns n random characters of the id alphabet.
func randomText(n int) string {
	raw := make([]byte, n)
	rand.Read(raw)
	for i := range raw {
		raw[i] = idAlphabet[raw[i]&31]
	}
	return string(raw)
}
