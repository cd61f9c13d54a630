package apikey

import (
	"sync"

	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/stalwart"
)

// Keyring gives the credential of each request. Its exported fields are set once;
// it is safe for concurrent use.
type Keyring struct {
	Secret func() (*corev1.Secret, error)      // that holds the key, from its cache
	Admin  func() (stalwart.Credential, error) // the administrator's password
	Bad    func()                              // a key was refused: somebody has to look

	mu      sync.Mutex
	refused *redact.Secret
}

// Credential is the key while it is good, else the administrator.
func (k *Keyring) Credential() (stalwart.Credential, error) {
	secret, err := k.Secret()
	if err != nil || secret == nil {
		return k.Admin()
	}
	kept, err := Decode(secret.Data[KeyDocument])
	if err != nil || kept == nil || k.Refused(*kept) {
		return k.Admin()
	}
	return kept.Credential(), nil
}

// Refuse takes a key out of use.
func (k *Keyring) Refuse(c stalwart.Credential) {
	k.mu.Lock()
	k.refused = &c.Password
	k.mu.Unlock()
	k.Bad()
}

// Renew lets a refused key be tried once more: Stalwart is another process, and may
// have been in a mode in which it knows nobody.
func (k *Keyring) Renew() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.refused = nil
}

// Refused reports whether a key is out of use.
func (k *Keyring) Refused(kept Kept) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.refused != nil && k.refused.Equal(kept.Key)
}
