package stalwart

import (
	"time"

	"github.com/openova-io/smtp-mirror/redact"
)

// APIKey is a key of the management API: an API key of an account of its own on
// 0.16, a principal of type apiKey on 0.15.
type APIKey struct {
	ID        string
	Name      string
	CreatedAt time.Time // zero on 0.15
}

// Powers are what a key may do beside what every submission needs: reading,
// creating the domain and the account, setting its password, and its own keys.
//
// They bound what a stolen key can break, and are no security boundary: whoever may
// update accounts (sysAccountUpdate on 0.16, individual-update on 0.15) can set the
// password of an administrator and log in as him.
type Powers struct {
	AppPasswords bool // of the submission's account; on 0.16 this takes "impersonate"
	Bounces      bool // the account may receive mail, and nobody grants what he has not got
	Listeners    bool
	Webhooks     bool
	AllowedIPs   bool
	Certificates bool // 0.16: installing the certificate of the mail host
	DKIM         bool // 0.16: making keys and moving them through their stages
}

// NewAPIKey is a key to be made.
type NewAPIKey struct {
	Login      Login         // the account that owns it on 0.16, made where it lacks
	Name       string        // letters, digits, hyphens
	Secret     redact.Secret // on 0.15; 0.16 chooses it itself
	Powers     Powers
	AllowedIPs []string // 0.16: from where it may be used; empty = from everywhere
}

// ownAccount describes the account of 0.16 that owns the keys.
const ownAccount = "smtp-mirror itself: it owns the API keys of the controller"
