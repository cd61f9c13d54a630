package config

import (
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/openova-io/smtp-mirror/zone"
)

// DKIM is the life of the keys that mail is signed with.
type DKIM struct {
	Manage         string     `json:"manage"`
	Algorithms     []string   `json:"algorithms"`
	RotateEvery    Duration   `json:"rotateEvery"`
	RetireAfter    Duration   `json:"retireAfter"`
	DeleteAfter    Duration   `json:"deleteAfter"`
	Selector       string     `json:"selector"`
	Import         bool       `json:"import"`
	ProofRecipient string     `json:"proofRecipient"`
	Backup         DKIMBackup `json:"backup"`
}

// DKIMBackup keeps the private keys, for a volume that is lost. The Secret holds what
// is known of our keys in any case.
type DKIMBackup struct {
	Enabled bool   `json:"enabled"`
	Secret  string `json:"secret"`
}

// The values of dkim.manage.
const (
	ManageObserve = "observe"
	ManageRotate  = "rotate"
)

// DKIMAlgorithms are the words of dkim.algorithms, and the a= tag of each (RFC 6376,
// section 3.3; RFC 8463).
var DKIMAlgorithms = map[string]string{"rsa2048": "rsa-sha256", "ed25519": "ed25519-sha256"} //nolint:gochecknoglobals // a constant table

// OwnsKeys reports whether keys are made or brought in.
func (c *Config) OwnsKeys() bool { return c.DKIM.Manage == ManageRotate || c.DKIM.Import }

// OwnsCertificate reports whether a certificate is brought into Stalwart.
func (c *Config) OwnsCertificate() bool { return c.TLS.Secret != "" || c.TLS.Dir != "" }

// MailHost is the host that the MX names, by the contract.
func (c *Config) MailHost() string { return "mail." + strings.ToLower(c.Domain) }

// DNS is what the domain publishes, how, and where the truth is asked for.
type DNS struct {
	Look      bool       `json:"look"`    // at what is published; off where nothing outside can be asked
	Service   ObjectName `json:"service"` // the LoadBalancer that A, AAAA and PTR follow
	SPF       SPF        `json:"spf"`
	DMARC     DMARC      `json:"dmarc"`
	TLSRPT    string     `json:"tlsRPT"` // rua= of RFC 8460, "mailto:..." or "https://..."; "" = mailto:postmaster@<domain>
	MTASTS    MTASTS     `json:"mtaSTS"`
	CAA       []string   `json:"caa"`       // the authorities that may issue (RFC 8659)
	Servers   []string   `json:"servers"`   // authoritative, host:port; empty = from the zone's NS
	Recursive string     `json:"recursive"` // host:port; "" = the system's
	Outgoing  []string   `json:"outgoing"`  // the addresses that mail leaves from, for doctor; empty = the LoadBalancer's, which is a guess
	Publish   Publish    `json:"publish"`
}

// SPF is what the record says beside "a mx" (RFC 7208).
type SPF struct {
	Senders []string `json:"senders"` // ip4:, ip6:, include:, or an address or network: what mail leaves from beside the mail host
	Policy  string   `json:"policy"`  // its end
}

// DMARC is the policy record (RFC 7489).
type DMARC struct {
	Policy string `json:"policy"`
	RUA    string `json:"rua"` // "" = mailto:postmaster@<domain>
}

// MTASTS is the policy of RFC 8461, where somebody serves it.
type MTASTS struct {
	Host string `json:"host"` // that mta-sts.<domain> is an alias of; "" = there is none
	Mode string `json:"mode"`
}

// Publish are the ways into the DNS; each is optional.
type Publish struct {
	ExternalDNS ExternalDNS `json:"externalDNS"`
	RFC2136     RFC2136     `json:"rfc2136"`
	HetznerPTR  HetznerPTR  `json:"hetznerPTR"`
}

// ExternalDNS makes DNSEndpoint objects.
type ExternalDNS struct {
	Enabled   bool   `json:"enabled"`
	Namespace string `json:"namespace"` // "" = stalwart.namespace
}

// RFC2136 sends dynamic updates with TSIG.
type RFC2136 struct {
	Enabled    bool   `json:"enabled"`
	Server     string `json:"server"`
	Zone       string `json:"zone"`
	TSIGSecret string `json:"tsigSecret"`
}

// HetznerPTR sets the PTR through the cloud's API.
type HetznerPTR struct {
	Enabled     bool   `json:"enabled"`
	Endpoint    string `json:"endpoint"` // "" = the public one
	TokenSecret string `json:"tokenSecret"`
}

// TLS is the certificate that Stalwart shows.
type TLS struct {
	Secret string `json:"secret"` // kubernetes.io/tls in stalwart.namespace; "" = somebody else's business
	Dir    string `json:"dir"`    // or a directory with tls.crt and tls.key
}

func defaultDKIM() DKIM {
	day := 24 * time.Hour
	return DKIM{Manage: ManageObserve, Algorithms: []string{"rsa2048", "ed25519"}, RotateEvery: Duration{Duration: 90 * day}, RetireAfter: Duration{Duration: 7 * day},
		DeleteAfter: Duration{Duration: 30 * day}, Selector: "sm{yyyymmdd}{algorithm}{n}", Backup: DKIMBackup{Secret: "smtp-mirror-dkim"}}
}

func defaultDNS(namespace string) DNS {
	return DNS{Look: true, Service: ObjectName{Namespace: namespace, Name: "stalwart-sovereign-mail"}, SPF: SPF{Policy: "~all"}, DMARC: DMARC{Policy: "quarantine"}, MTASTS: MTASTS{Mode: "testing"}}
}

func (d *DNS) complete(namespace string) {
	empty(&d.Outgoing)
	empty(&d.Servers)
	empty(&d.CAA)
	empty(&d.SPF.Senders)
	fill(&d.Publish.ExternalDNS.Namespace, namespace)
}

func (c *checker) dkim(d DKIM) {
	c.that(d.Manage == ManageObserve || d.Manage == ManageRotate, "dkim.manage", "%q is neither observe nor rotate", d.Manage)
	c.that(len(d.Algorithms) > 0, "dkim.algorithms", "is empty")
	for i, a := range d.Algorithms {
		c.that(DKIMAlgorithms[a] != "", fmt.Sprintf("dkim.algorithms[%d]", i), "%q is neither rsa2048 nor ed25519", a)
		c.that(slices.Index(d.Algorithms, a) == i, fmt.Sprintf("dkim.algorithms[%d]", i), "%q is there twice", a)
	}
	c.duration("dkim.rotateEvery", d.RotateEvery, time.Second)
	c.duration("dkim.retireAfter", d.RetireAfter, 0)
	c.duration("dkim.deleteAfter", d.DeleteAfter, 0)
	c.that(strings.Contains(d.Selector, "{n}"), "dkim.selector", "%q has no {n}: a selector is never used twice", d.Selector)
	c.that(strings.Contains(d.Selector, "{algorithm}") || len(d.Algorithms) < 2, "dkim.selector", "%q has no {algorithm}, and there are several", d.Selector)
	label := strings.NewReplacer("{yyyymmdd}", "20260101", "{algorithm}", "ed25519", "{n}", "100").Replace(d.Selector)
	for _, problem := range validation.IsDNS1123Label(label) {
		c.that(false, "dkim.selector", "%q gives %q, which is no label: %s", d.Selector, label, problem)
	}
	c.name("dkim.backup.secret", d.Backup.Secret)
	if d.ProofRecipient != "" {
		a, err := mail.ParseAddress(d.ProofRecipient)
		c.that(err == nil && a.Address == d.ProofRecipient, "dkim.proofRecipient", "%q is no address", d.ProofRecipient)
	}
}

func (c *checker) dns(d DNS) {
	c.namespace("dns.service.namespace", d.Service.Namespace)
	c.name("dns.service.name", d.Service.Name)
	c.spf(d.SPF)
	c.that(slices.Contains([]string{"none", "quarantine", "reject"}, d.DMARC.Policy), "dns.dmarc.policy", "%q is none of none, quarantine, reject", d.DMARC.Policy)
	c.report("dns.dmarc.rua", d.DMARC.RUA, "mailto:")
	c.report("dns.tlsRPT", d.TLSRPT, "mailto:", "https://")
	c.that(slices.Contains([]string{"none", "testing", "enforce"}, d.MTASTS.Mode), "dns.mtaSTS.mode", "%q is none of none, testing, enforce", d.MTASTS.Mode)
	for i, server := range d.Servers {
		c.server(fmt.Sprintf("dns.servers[%d]", i), server)
	}
	for i, address := range d.Outgoing {
		a, err := netip.ParseAddr(address)
		c.that(err == nil && a.Zone() == "", fmt.Sprintf("dns.outgoing[%d]", i), "%q is no IP address", address)
	}
	if d.Recursive != "" {
		c.server("dns.recursive", d.Recursive)
	}
	c.publish(d.Publish)
}

func (c *checker) spf(s SPF) {
	c.that(slices.Contains([]string{"-all", "~all", "?all"}, s.Policy), "dns.spf.policy", "%q is none of -all, ~all, ?all", s.Policy)
	record := zone.SPF{{Name: "a"}, {Name: "mx"}}
	for i, sender := range s.Senders {
		t, err := zone.ParseSender(sender)
		c.that(err == nil, fmt.Sprintf("dns.spf.senders[%d]", i), "%q is no ip4:, ip6: or include:, and no address", sender)
		record = append(record, t)
	}
	c.that(record.Lookups() <= zone.SPFLimit, "dns.spf.senders", "brings the record to %d terms that ask the DNS, and %d may", record.Lookups(), zone.SPFLimit)
}

func (c *checker) publish(p Publish) {
	if p.ExternalDNS.Enabled {
		c.namespace("dns.publish.externalDNS.namespace", p.ExternalDNS.Namespace)
	}
	if p.RFC2136.Enabled {
		c.server("dns.publish.rfc2136.server", p.RFC2136.Server)
		c.name("dns.publish.rfc2136.zone", strings.TrimSuffix(p.RFC2136.Zone, "."))
		c.name("dns.publish.rfc2136.tsigSecret", p.RFC2136.TSIGSecret)
	}
	if p.HetznerPTR.Enabled {
		c.name("dns.publish.hetznerPTR.tokenSecret", p.HetznerPTR.TokenSecret)
	}
}

// report checks where reports go, "" for nowhere or the default.
func (c *checker) report(key, value string, schemes ...string) {
	ok := value == "" || slices.ContainsFunc(schemes, func(s string) bool { return strings.HasPrefix(value, s) && !strings.ContainsAny(value, " ;") })
	c.that(ok, key, "%q does not begin with %s", value, strings.Join(schemes, " or "))
}

func (c *checker) server(key, value string) {
	host, port, err := net.SplitHostPort(value)
	c.that(err == nil && host != "" && port != "", key, "%q is no host:port", value)
}

func (c *checker) tls(t TLS) {
	if t.Secret != "" {
		c.name("tls.secret", t.Secret)
	}
	c.that(t.Secret == "" || t.Dir == "", "tls.dir", "is there beside tls.secret")
}
