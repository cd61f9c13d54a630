package stalwart

import (
	"fmt"
	"strings"

	"github.com/openova-io/smtp-mirror/redact"
)

// Keys of the administrator's Secret: the contract's one key, or a pair.
const (
	KeyAdminPassword = "ADMIN_PASSWORD"
	KeyUsername      = "username"
	KeyPassword      = "password"
)

// AdminFromSecret reads the administrator's credential. user is the name to use
// where the Secret names none. Blanks around the password are dropped, because
// Stalwart drops them from STALWART_RECOVERY_ADMIN.
func AdminFromSecret(data map[string][]byte, user string) (Credential, error) {
	key := KeyAdminPassword
	if _, ok := data[key]; !ok && data[KeyUsername] != nil {
		key = KeyPassword
	}
	if name := strings.TrimSpace(string(data[KeyUsername])); name != "" {
		user = name
	}
	password := strings.TrimSpace(string(data[key]))
	if password == "" {
		return Credential{}, fmt.Errorf("the key %s is missing or empty", key)
	}
	return Credential{User: user, Password: redact.New(password)}, nil
}
