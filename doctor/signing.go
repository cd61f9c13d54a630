package doctor

import (
	"maps"
	"slices"
	"strings"

	"github.com/openova-io/smtp-mirror/dnsrecords"
	"github.com/openova-io/smtp-mirror/stalwart"
)

// Keys are the DKIM keys of a domain, and which of them mail is signed with.
type Keys struct {
	Domain string // that they sign for, their d=; "" = it is not served
	All    []stalwart.DKIMKey

	// Signers are the selectors that mail is signed with, by algorithm, where the server
	// has no stages of its own (0.15): it calls every key active, also one that is only
	// kept. nil: every active key signs.
	Signers map[string]string
	// Unread is why Signers could not be read.
	Unread error
	// Kept are the stages, by selector, of keys that the controller keeps count of.
	Kept map[string]string
}

// staged are the keys with the stages that they really are in.
func (k Keys) staged() []stalwart.DKIMKey {
	if k.Signers == nil && k.Unread == nil {
		return k.All
	}
	all := slices.Clone(k.All)
	for i, key := range all {
		all[i].Stage = k.stage(key)
	}
	return all
}

func (k Keys) stage(key stalwart.DKIMKey) string {
	kept := k.Kept[key.Selector]
	switch {
	case k.Unread != nil && kept == "":
		return key.Stage
	case k.Unread != nil:
		return kept
	case k.Signers[key.Algorithm] == key.Selector:
		return "active"
	case kept == "active":
		return "retiring" // another one has taken its place
	case kept == "":
		return "pending"
	}
	return kept
}

// algorithms are those that mail is signed with.
func (k Keys) algorithms() []string {
	all := slices.Collect(maps.Keys(k.Signers))
	if k.Signers == nil {
		for _, key := range k.staged() {
			if key.Stage == "active" {
				all = append(all, key.Algorithm)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// judgeSigning looks at the keys as a whole.
func judgeSigning(domain string, k Keys) Finding {
	algorithms := k.algorithms()
	f := Finding{Object: "signatures of " + domain, Verdict: OK, Want: "an active key, and one of them rsa-sha256", Got: "active: " + strings.Join(algorithms, ", ")}
	switch {
	case k.Unread != nil:
		return could(f.Object, f.Want, k.Unread, "see that the administrator's Secret is right: on 0.15 nobody else may read which keys mail is signed with")
	case len(algorithms) == 0:
		f.Verdict, f.Got, f.Todo = Wrong, "no active key", "make DKIM keys in Stalwart (dkim.manage: rotate does), and publish them: mail leaves unsigned"
	case !slices.Contains(algorithms, dnsrecords.RSASHA256):
		f.Verdict, f.Todo = Warning, "add an RSA key: many receivers do not verify Ed25519 (RFC 8463) and see an unsigned mail"
	}
	return f
}

// strangers are signers that are none of the keys: nobody can compare what is
// published for them.
func (k Keys) strangers(domain string) []Finding {
	var out []Finding
	for _, algorithm := range slices.Sorted(maps.Keys(k.Signers)) {
		selector := k.Signers[algorithm]
		if !slices.ContainsFunc(k.All, func(key stalwart.DKIMKey) bool { return key.Selector == selector && key.Algorithm == algorithm }) {
			out = append(out, unknown(shown(selector)+"._domainkey."+domain+" (active)", "the key that mail is signed with", "Stalwart signs with it, and does not list it", "see whether its private key is right: signature."+strings.TrimSuffix(algorithm, "-sha256")+"-"+domain))
		}
	}
	return out
}
