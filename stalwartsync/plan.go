package stalwartsync

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
)

// Observed is what Stalwart was seen to have.
type Observed = stalwart.Survey

// Belief is what cannot be read from Stalwart and must be inferred from logins:
// whether the password is the SOURCE's, whether permissions suffice, whether the
// process that answers knows the grants. Each cure is tried once.
type Belief struct {
	PasswordStale  bool // it is certainly not the SOURCE's
	PasswordTried  bool // it has been written since
	Unauthorized   bool // a login was accepted but not permitted
	RightsTried    bool
	SendersRefused bool // a granted address was refused
	CachesTried    bool
}

// Learn draws the conclusion from a probe.
func (b Belief) Learn(v smtpprobe.Verdict) Belief {
	switch v {
	case smtpprobe.PasswordRefused:
		b.PasswordStale = true
	case smtpprobe.NotAuthorized:
		b.PasswordStale, b.Unauthorized = false, true
	case smtpprobe.SenderRefused:
		b.PasswordStale, b.Unauthorized, b.SendersRefused = false, false, true
	case smtpprobe.Accepted:
		b = Belief{}
	}
	return b
}

// Tried marks the cures that a plan contains, so that none is tried twice.
func (b Belief) Tried(ops []Op) Belief {
	for _, op := range ops {
		switch op.Kind {
		case SetPassword, CreateAccount:
			b.PasswordTried, b.PasswordStale = true, false
		case GrantPermissions:
			b.RightsTried = true
		case DropCaches:
			b.CachesTried = true
		}
	}
	return b
}

// Kind is what an operation does.
type Kind string

// The operations, in the order in which a plan has them.
const (
	CreateDomain     Kind = "CreateDomain"
	SetDefaults      Kind = "SetDefaults"
	BindListener     Kind = "BindListener"
	CreateAccount    Kind = "CreateAccount"
	GrantAddress     Kind = "GrantAddress"
	GrantPermissions Kind = "GrantPermissions"
	SetPassword      Kind = "SetPassword"
	AllowIP          Kind = "AllowIP"
	AddWebhook       Kind = "AddWebhook"
	RekeyWebhook     Kind = "RekeyWebhook"
	DropCaches       Kind = "DropCaches"
)

// Op is one write. It holds no secret.
type Op struct {
	Kind        Kind
	What        string // for people: the name, address or list that is added
	Address     string
	ID          string // of the entry that is changed
	Defaults    stalwart.Defaults
	Listener    stalwart.Listener
	Permissions []stalwart.Permission
}

// Optional reports whether the mail path works without it.
func (o Op) Optional() bool {
	return slices.Contains([]Kind{AllowIP, AddWebhook, RekeyWebhook}, o.Kind)
}

func (o Op) String() string { return strings.TrimSpace(string(o.Kind) + " " + o.What) }

// Plan lists the writes that turn observed into desired. It never removes. The
// plan after its own execution is empty.
func Plan(o Observed, d Desired, b Belief) []Op {
	var ops []Op
	if o.Domain == nil {
		ops = append(ops, Op{Kind: CreateDomain, What: d.Domain})
	}
	if o.Generation == stalwart.Gen016 {
		ops = append(ops, planServer(o, d)...)
	}
	if o.Account == nil {
		ops = append(ops, Op{Kind: CreateAccount, What: d.Login.User})
	} else {
		ops = append(ops, planAccount(*o.Account, d, b)...)
	}
	for _, cidr := range d.AllowedIPs {
		if !slices.ContainsFunc(o.AllowedIPs, func(have string) bool { return sameNetwork(have, cidr) }) {
			ops = append(ops, Op{Kind: AllowIP, What: cidr, Address: cidr})
		}
	}
	if d.Webhook != nil && o.Generation == stalwart.Gen016 {
		ops = append(ops, planWebhook(o.Webhooks, *d.Webhook)...)
	}
	return ops
}

// planWebhook adds a webhook, or gives one of ours the key that it lacks. The key
// of a webhook that somebody else made is theirs.
func planWebhook(all []stalwart.WebhookEntry, w stalwart.Webhook) []Op {
	i := slices.IndexFunc(all, func(e stalwart.WebhookEntry) bool { return e.URL == w.URL })
	switch {
	case i < 0:
		return []Op{{Kind: AddWebhook, What: w.URL}}
	case all[i].KeyID != "" && all[i].KeyID != w.KeyID():
		return []Op{{Kind: RekeyWebhook, What: w.URL, ID: all[i].ID}}
	}
	return nil
}

// sameNetwork compares networks, not texts: Stalwart stores 10.9.9.9/32 as
// 10.9.9.9 and lower-cases IPv6.
func sameNetwork(a, b string) bool {
	x, errX := network(a)
	y, errY := network(b)
	return errX == nil && errY == nil && x == y || a == b
}

func network(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	return prefix.Masked(), err
}

// planAccount plans the differences of an account that exists.
func planAccount(a stalwart.Account, d Desired, b Belief) []Op {
	var ops []Op
	for _, address := range d.Addresses {
		if !covers(a.Addresses, address) {
			ops = append(ops, Op{Kind: GrantAddress, What: address, Address: address})
		}
	}
	if missing := rights(a, d, b); len(missing) > 0 {
		ops = append(ops, Op{Kind: GrantPermissions, Permissions: missing, What: fmt.Sprint(missing)})
	}
	if b.PasswordStale && !b.PasswordTried {
		ops = append(ops, Op{Kind: SetPassword, What: "of " + d.Login.User})
	}
	if b.SendersRefused && !b.CachesTried && len(ops) == 0 {
		ops = append(ops, Op{Kind: DropCaches})
	}
	return ops
}

// rights are the permissions to add: those that certainly lack, and all of them
// once after a login that was accepted but not permitted. What somebody took away
// explicitly is not given back.
func rights(a stalwart.Account, d Desired, b Belief) []stalwart.Permission {
	return slices.DeleteFunc(slices.Clone(d.Permissions), func(p stalwart.Permission) bool {
		wanted := slices.Contains(a.Missing, p) || b.Unauthorized && !b.RightsTried
		return !wanted || slices.Contains(a.Denied, p)
	})
}

// covers reports whether an address is granted: by itself, or by an entry
// "@domain" (0.15) for the whole domain.
func covers(granted []string, address string) bool {
	at := max(strings.LastIndexByte(address, '@'), 0)
	return slices.Contains(granted, address) || slices.Contains(granted, address[at:])
}
