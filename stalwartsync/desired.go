package stalwartsync

import (
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/submission"
)

// Wish is what the configuration says about a submission.
type Wish struct {
	Domain         string
	OwnKeys        bool // we make the DKIM keys of the domain
	SendAs         []string
	ReceiveBounces bool
	ListenerManage bool
	ListenerName   string
	ListenerBind   string // "" = [::]:<smtp-port>
	AllowedIPs     []string
	Webhook        *stalwart.Webhook
}

// Desired is the state of Stalwart in which the submission can relay.
type Desired struct {
	Domain      string
	OwnKeys     bool
	Hostname    string
	Login       stalwart.Login
	Password    redact.Secret
	Addresses   []string // it must be able to send as, lower case, sorted
	Permissions []stalwart.Permission
	Listener    stalwart.Listener
	Manage      bool // the listener is ours to add
	AllowedIPs  []string
	Webhook     *stalwart.Webhook
}

// Desire computes the desired state. The error is a *submission.FieldError: a
// SOURCE that this generation of Stalwart can never serve.
func Desire(c submission.Credentials, w Wish, g stalwart.Generation) (Desired, error) {
	if problem := loginProblem(c.User, w.Domain, g); problem != "" {
		return Desired{}, &submission.FieldError{Key: submission.KeyUser, Problem: problem}
	}
	bind := w.ListenerBind
	if bind == "" {
		bind = net.JoinHostPort("::", strconv.Itoa(int(c.Port)))
	}
	permissions := []stalwart.Permission{stalwart.Authenticate, stalwart.SendMail}
	if w.ReceiveBounces {
		permissions = append(permissions, stalwart.ReceiveMail)
	}
	return Desired{
		Domain: strings.ToLower(w.Domain), OwnKeys: w.OwnKeys, Hostname: hostname(c.Host, w.Domain), Password: c.Password,
		Login:       stalwart.Login{User: c.User, Domain: strings.ToLower(w.Domain)},
		Addresses:   addresses(c.From, w.SendAs),
		Permissions: permissions,
		Listener:    stalwart.Listener{Name: w.ListenerName, Protocol: "smtp", Binds: []string{bind}, Implicit: c.ImplicitTLS()},
		Manage:      w.ListenerManage, AllowedIPs: w.AllowedIPs, Webhook: w.Webhook,
	}, nil
}

// hostname is what Stalwart calls itself where it has no name yet. It takes no
// single label, and no default domain without a hostname (observed on 0.16.18).
func hostname(host, domain string) string {
	if strings.ContainsAny(host, ".:") {
		return host
	}
	return "mail." + strings.ToLower(domain)
}

// loginProblem says why a smtp-user can never log in. 0.16 finds accounts by
// local part and domain and lower-cases logins; 0.15 stores names in lower case
// and compares logins to the letter.
func loginProblem(user, domain string, g stalwart.Generation) string {
	_, at, isAddress := strings.Cut(user, "@")
	switch {
	case g == stalwart.Gen015 && strings.ToLower(user) != user:
		return "has upper case letters: Stalwart 0.15 stores login names in lower case and compares them to the letter"
	case g == stalwart.Gen016 && isAddress && !strings.EqualFold(at, domain):
		return "is an address of another domain than " + domain
	case g == stalwart.Gen016 && strings.ContainsAny(user, " \t\"(),:;<>[\\]"):
		return "has characters that Stalwart 0.16 takes out of account names"
	}
	return ""
}

func addresses(from string, sendAs []string) []string {
	all := []string{strings.ToLower(from)}
	for _, a := range sendAs {
		all = append(all, strings.ToLower(a))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// port is the port of a host:port, "" where there is none.
func port(address string) string {
	_, p, err := net.SplitHostPort(address)
	if err != nil {
		return ""
	}
	return p
}
