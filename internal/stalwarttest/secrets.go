package stalwarttest

import (
	"bytes"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"hash"
	"regexp"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// errSecretFormat is the fate of a stored secret nobody can verify: a temporary
// failure on SMTP, a refusal on HTTP, and in neither case a step to a ban.
var errSecretFormat = errors.New("stalwarttest: the stored secret cannot be parsed")

// hashSecret stores a password the way the stand-in does for itself. Stalwart
// uses argon2id; a cheap salted hash keeps tests fast and is as opaque.
func hashSecret(password string) string {
	salt := make([]byte, 12)
	rand.Read(salt)
	sum := sha512.Sum512(append([]byte(password), salt...))
	return "{SSHA512}" + base64.StdEncoding.EncodeToString(append(sum[:], salt...))
}

// verifySecret compares a password with a stored secret in any of the forms
// Stalwart reads. The first character decides: "$", "{" and "_" announce a hash
// even where the rest does not look like one.
func verifySecret(stored, given string) (bool, error) {
	switch {
	case strings.HasPrefix(stored, "$"):
		return verifyCrypt(stored, given)
	case strings.HasPrefix(stored, "{"):
		return verifyScheme(stored, given)
	case strings.HasPrefix(stored, "_"):
		return false, nil
	}
	return stored == given && stored != "", nil
}

func verifyCrypt(stored, given string) (bool, error) {
	switch {
	case strings.HasPrefix(stored, "$6$"):
		return shaCrypt(sha512.New, stored, given)
	case strings.HasPrefix(stored, "$5$"):
		return shaCrypt(sha256.New, stored, given)
	case strings.HasPrefix(stored, "$2"):
		err := bcrypt.CompareHashAndPassword([]byte(stored), []byte(given))
		if errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
			return false, nil
		}
		return err == nil, err
	case strings.HasPrefix(stored, "$pbkdf2"):
		return verifyPBKDF2(stored, given)
	case strings.HasPrefix(stored, "$argon2"):
		return verifyArgon2(stored, given)
	}
	return false, errSecretFormat
}

func verifyScheme(stored, given string) (bool, error) {
	scheme, value, found := strings.Cut(stored[1:], "}")
	if !found {
		return false, errSecretFormat
	}
	switch strings.ToUpper(scheme) {
	case "PLAIN", "CLEAR", "CLEARTEXT":
		return value == given, nil
	case "CRYPT", "ARGON2", "ARGON2I", "ARGON2ID", "PBKDF2":
		return verifyCrypt(value, given)
	case "SSHA512", "SHA512":
		return verifyDigest(sha512.New, value, given)
	case "SSHA256", "SHA256":
		return verifyDigest(sha256.New, value, given)
	case "SSHA", "SHA":
		return verifyDigest(sha1.New, value, given)
	}
	return false, errSecretFormat
}

// verifyDigest checks base64(hash + salt); what follows the hash is the salt.
func verifyDigest(algorithm func() hash.Hash, value, given string) (bool, error) {
	raw, err := base64.StdEncoding.DecodeString(value)
	h := algorithm()
	if err != nil || len(raw) < h.Size() {
		return false, errSecretFormat
	}
	h.Write([]byte(given))
	h.Write(raw[h.Size():])
	return bytes.Equal(h.Sum(nil), raw[:h.Size()]), nil
}

// isHash tells whether a secret is a complete hash, which 0.16.6 and later
// store as it is instead of hashing it. {PLAIN} is not one.
func isHash(secret string) bool {
	forms := []string{
		`^\$1\$[^$]{0,8}\$[./A-Za-z0-9]{22}$`,
		`^\$5\$(rounds=\d+\$)?[^$]{0,16}\$[./A-Za-z0-9]{43}$`,
		`^\$6\$(rounds=\d+\$)?[^$]{0,16}\$[./A-Za-z0-9]{86}$`,
		`^\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}$`,
		`^\$(argon2(id|i|d)|pbkdf2[a-z0-9-]*|scrypt)\$[^ ,\n]+\$[^ ,\n]+$`,
		`^\{(SSHA512|SHA512|SSHA256|SHA256|SSHA|SHA|CRYPT|ARGON2|ARGON2I|ARGON2ID|PBKDF2|MD5)\}\S+$`,
	}
	for _, form := range forms {
		if ok, err := regexp.MatchString(form, secret); err == nil && ok {
			return true
		}
	}
	return false
}
