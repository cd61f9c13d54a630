package stalwart

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"fmt"

	"github.com/openova-io/smtp-mirror/redact"
)

// pbkdf2Rounds is a compromise: 0.15 has no working credential cache, so it
// verifies the hash at every single login.
const pbkdf2Rounds = 10_000

// hashPassword makes a PHC string that 0.15 verifies. Plain text is no choice:
// it is shown to whoever may read a principal, and a password that begins with
// $, _ or { would be taken for a hash.
func hashPassword(password redact.Secret) (string, error) {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails since Go 1.24
	key, err := pbkdf2.Key(sha512.New, password.Reveal(), salt, pbkdf2Rounds, sha512.Size)
	if err != nil {
		return "", fmt.Errorf("hashing the password: %w", err)
	}
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$pbkdf2-sha512$i=%d,l=%d$%s$%s", pbkdf2Rounds, sha512.Size, b64.EncodeToString(salt), b64.EncodeToString(key)), nil
}
