package stalwart

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/openova-io/smtp-mirror/redact"
)

// Generation is a family of versions with one API.
type Generation string

// The generations. "lite" forks of 0.15 belong to 0.15 whatever they call
// themselves.
const (
	Gen015 Generation = "0.15"
	Gen016 Generation = "0.16"
)

// Mode is how a 0.16 server runs.
type Mode string

// The modes of 0.16; 0.15 is always Normal.
const (
	Normal    Mode = "normal"
	Bootstrap Mode = "bootstrap" // config.json is missing; only x:Bootstrap works, no SMTP
	Recovery  Mode = "recovery"  // STALWART_RECOVERY_MODE is set; no SMTP, no tasks
)

// Domain is a mail domain that Stalwart serves.
type Domain struct {
	ID            string
	Name          string
	CreatedAt     time.Time // zero on 0.15
	DKIMAutomatic bool      // Stalwart makes keys by itself, within seconds of the creation (0.16)
}

// Defaults are server-wide defaults. On 0.15 the hostname is a key of its
// configuration file and there is no default domain.
type Defaults struct {
	Hostname string
	Domain   string // appended to a bare login name (0.16)
}

// Listener is a socket that Stalwart is told to bind.
type Listener struct {
	ID       string
	Name     string
	Protocol string
	Binds    []string // "[::]:587"
	Implicit bool     // TLS from the first byte
}

// Permission is a right of an account, in neutral words.
type Permission string

// The permissions that matter to a submission account.
const (
	Authenticate Permission = "authenticate"
	SendMail     Permission = "send"
	ReceiveMail  Permission = "receive"
)

// Account is a principal that can log in.
type Account struct {
	ID        string
	Login     Login
	Addresses []string     // every address it may send as, also through its groups, lower case; the first is its own
	Missing   []Permission // that it certainly lacks
	Denied    []Permission // that somebody took away explicitly

	AppPasswords []AppPassword // the expired ones too: they count against the quota of 0.16

	raw any // what the generation's client needs for its next write
}

// Login names an account in both generations: the SOURCE's smtp-user, and the
// domain that a bare name belongs to.
type Login struct {
	User   string
	Domain string
}

// localPart is the account's name: 0.16 knows accounts by local part and
// domain, and completes a bare login with its default domain.
func (l Login) localPart() string {
	local, _, _ := strings.Cut(l.User, "@")
	return strings.ToLower(local)
}

// Address is the login as an address.
func (l Login) Address() string { return l.localPart() + "@" + strings.ToLower(l.Domain) }

// NewAccount is an account to be created with least permissions.
type NewAccount struct {
	Login       Login
	Addresses   []string // granted beside its own
	Permissions []Permission
	Password    redact.Secret
}

// DKIMKey is a key that Stalwart holds (RFC 6376). PublicKey is the value of the
// p= tag.
type DKIMKey struct {
	ID        string // what Stalwart calls it
	Selector  string
	Algorithm string // "rsa-sha256" or "ed25519-sha256"
	PublicKey string
	Stage     string // "active", "pending", "retiring", "retired"
	CreatedAt time.Time
}

// NewDKIMKey is a key to be brought in.
type NewDKIMKey struct {
	Selector, Algorithm string
	Private             redact.Secret // PKCS#8 in PEM form
	Stage               string
}

// Webhook is where Stalwart reports events.
type Webhook struct {
	URL string
	Key redact.Secret // of the HMAC
}

// KeyID tells one key from another without showing it: Stalwart masks the key
// when it is read.
func (w Webhook) KeyID() string {
	mac := hmac.New(sha256.New, []byte(w.Key.Reveal()))
	mac.Write([]byte("smtp-mirror webhook key"))
	return hex.EncodeToString(mac.Sum(nil)[:4])
}

// WebhookEntry is a webhook as it is listed.
type WebhookEntry struct {
	ID    string
	URL   string
	KeyID string // of the key it was last given by us, "" where it is not ours
}

// Scope is what a survey reads beside the domain and the account of a login.
type Scope struct {
	Login      Login
	Settings   bool // defaults and listeners
	AllowedIPs bool
	Webhooks   bool
}

// Survey is what Stalwart was seen to have, as far as it was asked for.
type Survey struct {
	Generation Generation
	Domain     *Domain
	Account    *Account
	Defaults   Defaults
	Listeners  []Listener
	Hidden     bool // the credential may not read settings (0.15)
	AllowedIPs []string
	Webhooks   []WebhookEntry
}

// Directory is what this project needs of a Stalwart server, whichever its
// generation. Every method is one or a few requests; none retries. Absence is
// nil, not an error.
type Directory interface {
	Generation() Generation
	Survey(ctx context.Context, s Scope) (Survey, error)
	SetDefaults(ctx context.Context, d Defaults) error // empty fields are left alone
	Domain(ctx context.Context, name string) (*Domain, error)
	CreateDomain(ctx context.Context, name string, ownKeys bool) error // ownKeys: Stalwart is to make none by itself (0.16)
	Bind(ctx context.Context, l Listener) error                        // adds the listener, or the binds to the one of that name
	CreateAccount(ctx context.Context, a NewAccount) error
	GrantAddress(ctx context.Context, a *Account, address string) error
	Owner(ctx context.Context, address string) (string, error) // who has an address, "" for nobody; it reads everybody
	GrantPermissions(ctx context.Context, a *Account, p []Permission) error
	SetPassword(ctx context.Context, a *Account, password redact.Secret) error
	AppPasswords(ctx context.Context, a *Account) ([]AppPassword, error)
	CreateAppPassword(ctx context.Context, a *Account, n NewAppPassword) (AppPassword, redact.Secret, error)
	DestroyAppPassword(ctx context.Context, a *Account, p AppPassword) error // one that is gone already is no error
	APIKeys(ctx context.Context, owner Login) ([]APIKey, error)
	CreateAPIKey(ctx context.Context, n NewAPIKey) (APIKey, redact.Secret, error)
	DestroyAPIKey(ctx context.Context, owner Login, k APIKey) error // one that is gone already is no error
	AllowIP(ctx context.Context, cidr string) error
	AddWebhook(ctx context.Context, w Webhook) error
	RekeyWebhook(ctx context.Context, id string, w Webhook) error
	ForgetUnknown(ctx context.Context) error                 // drops what the server remembers as absent
	ForgetAll(ctx context.Context) error                     // drops every cache of this one process
	Reload(ctx context.Context) error                        // makes settings effective
	Certificates(ctx context.Context) ([]Certificate, error) // nothing on 0.15, which reads files
	InstallCertificate(ctx context.Context, n NewCertificate) (id string, err error)
	UseCertificate(ctx context.Context, id string) error
	ReloadCertificates(ctx context.Context) error
	DestroyCertificate(ctx context.Context, c Certificate) error // of ours; one that is gone already is no error
	DKIMKeys(ctx context.Context, d Domain) ([]DKIMKey, error)
	Signers(ctx context.Context, d Domain) (map[string]string, error) // 0.15: the selectors that mail is signed with, by algorithm; nil on 0.16
	CreateDKIMKey(ctx context.Context, d Domain, n NewDKIMKey) error
	MoveDKIMKey(ctx context.Context, id, stage string) error
	DestroyDKIMKey(ctx context.Context, id string) error // one that is gone already is no error
	Throttles(ctx context.Context) ([]Throttle, error)
}
