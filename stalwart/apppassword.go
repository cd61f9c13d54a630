package stalwart

import (
	"time"

	"github.com/openova-io/smtp-mirror/redact"
)

// AppPassword is one more secret of an account, beside its password: how a
// credential can be replaced while the old one still logs in.
type AppPassword struct {
	ID        string // what Stalwart calls it: an id on 0.16, the name on 0.15
	Name      string // what we call it
	CreatedAt time.Time
	ExpiresAt time.Time // zero = never; 0.15 knows no end
}

// NewAppPassword is an app password to be created.
type NewAppPassword struct {
	Name        string        // letters, digits, hyphens
	Secret      redact.Secret // on 0.15; 0.16 chooses it itself
	Permissions []Permission  // 0.16: all that it may do; 0.15 cannot narrow it
	AllowedIPs  []string      // 0.16: from where it may be used; empty = from everywhere
	ExpiresAt   time.Time     // 0.16
}
