package stalwarttest

import (
	"bytes"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"hash"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// phc is a hash of the form $name[$v=19]$key=value,...$salt$hash.
type phc struct {
	name       string
	params     map[string]int
	salt, hash []byte
}

func parsePHC(stored string) (phc, error) {
	parts := strings.Split(stored, "$")
	out := phc{params: map[string]int{}}
	if len(parts) < 5 {
		return out, errSecretFormat
	}
	out.name = parts[1]
	for _, group := range parts[2 : len(parts)-2] {
		for _, pair := range strings.Split(group, ",") {
			key, value, _ := strings.Cut(pair, "=")
			n, err := strconv.Atoi(value)
			if err != nil {
				return out, errSecretFormat
			}
			out.params[key] = n
		}
	}
	var errSalt, errHash error
	out.salt, errSalt = base64.RawStdEncoding.DecodeString(parts[len(parts)-2])
	out.hash, errHash = base64.RawStdEncoding.DecodeString(parts[len(parts)-1])
	if errSalt != nil || errHash != nil || len(out.hash) == 0 {
		return out, errSecretFormat
	}
	return out, nil
}

func verifyPBKDF2(stored, given string) (bool, error) {
	h, err := parsePHC(stored)
	if err != nil {
		return false, err
	}
	algorithms := map[string]func() hash.Hash{
		"pbkdf2": sha1.New, "pbkdf2-sha1": sha1.New, "pbkdf2-sha256": sha256.New, "pbkdf2-sha512": sha512.New,
	}
	algorithm, ok := algorithms[h.name]
	if !ok || h.params["i"] < 1 {
		return false, errSecretFormat
	}
	key, err := pbkdf2.Key(algorithm, given, h.salt, h.params["i"], len(h.hash))
	return err == nil && bytes.Equal(key, h.hash), err
}

func verifyArgon2(stored, given string) (bool, error) {
	h, err := parsePHC(stored)
	if err != nil {
		return false, err
	}
	rounds, memory, threads := uint32(h.params["t"]), uint32(h.params["m"]), uint8(h.params["p"])
	if rounds < 1 || threads < 1 {
		return false, errSecretFormat
	}
	derive := argon2.IDKey
	switch h.name {
	case "argon2i":
		derive = argon2.Key
	case "argon2id":
	default:
		return false, errSecretFormat
	}
	key := derive([]byte(given), h.salt, rounds, memory, threads, uint32(len(h.hash)))
	return bytes.Equal(key, h.hash), nil
}
