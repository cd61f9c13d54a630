package outside

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/mail"
	"net/textproto"
	"strings"
	"time"

	"blitiri.com.ar/go/spf"
	"github.com/emersion/go-msgauth/dkim"
	"github.com/emersion/go-msgauth/dmarc"
	"golang.org/x/net/publicsuffix"
)

// Signature is one DKIM-Signature of a mail and what became of it.
type Signature struct {
	Selector, Domain, Algorithm string // s=, d= and a=
	Valid                       bool
	Unknown                     bool   // some name server does not know the key that signed
	Problem                     string // of the first server with which it does not hold
}

// Result is what a receiver says of a mail: the worst that any name server makes him say.
type Result struct {
	At         time.Time
	SPF        string // "pass", "fail", "none", "temperror", ...
	DMARC      string // "pass", "fail", "none", "temperror"
	Signatures []Signature
	Servers    int // name servers that answered; with none, nothing is decided
}

// Valid reports whether some signature holds with every name server.
func (r Result) Valid() bool {
	for _, s := range r.Signatures {
		if s.Valid {
			return true
		}
	}
	return false
}

// Unknown reports whether some signature is of a key that some name server does not know.
func (r Result) Unknown() bool {
	for _, s := range r.Signatures {
		if s.Unknown {
			return true
		}
	}
	return false
}

// Passed reports whether an algorithm ("rsa-sha256", "ed25519-sha256") signed, and every
// signature of it holds.
func (r Result) Passed(algorithm string) bool {
	n := 0
	for _, s := range r.Signatures {
		if s.Algorithm == algorithm {
			if !s.Valid {
				return false
			}
			n++
		}
	}
	return n > 0
}

// Judge checks a mail now, with each of the name servers in turn.
func Judge(ctx context.Context, servers []string, m Mail) Result {
	worst := Result{At: time.Now(), SPF: "temperror", DMARC: "temperror"}
	for _, server := range servers {
		v := &view{server: server}
		one := v.judge(ctx, m)
		if v.silent.Load() {
			continue // a resolver asks another one
		}
		worst.Servers++
		if worst.Servers == 1 {
			one.At, one.Servers = worst.At, 1
			worst = one
			continue
		}
		worst.merge(one)
	}
	return worst
}

// merge keeps the worse of two results.
func (r *Result) merge(other Result) {
	if r.SPF == "pass" {
		r.SPF = other.SPF
	}
	if r.DMARC == "pass" {
		r.DMARC = other.DMARC
	}
	for i := range r.Signatures {
		if o := other.Signatures[i]; !o.Valid {
			if s := &r.Signatures[i]; s.Valid {
				s.Valid, s.Problem = false, o.Problem
			}
			r.Signatures[i].Unknown = r.Signatures[i].Unknown || o.Unknown
		}
	}
}

func (v *view) judge(ctx context.Context, m Mail) Result {
	r := Result{SPF: "none", DMARC: "none"}
	sender := m.From
	if sender == "" {
		sender = "postmaster@" + m.Helo
	}
	result, _ := spf.CheckHostWithSender(net.ParseIP(m.Peer), m.Helo, sender, spf.WithResolver(v), spf.WithContext(ctx)) // the reason of a failure is in its result
	r.SPF = string(result)
	r.Signatures = v.signatures(ctx, m)
	r.DMARC = v.dmarc(ctx, m, r)
	return r
}

// signatures verifies every DKIM signature.
func (v *view) signatures(ctx context.Context, m Mail) []Signature {
	found := tags(m.Data)
	lookup := func(name string) ([]string, error) { return v.LookupTXT(ctx, name) }
	checked, err := dkim.VerifyWithOptions(bytes.NewReader(m.Data), &dkim.VerifyOptions{LookupTXT: lookup})
	for i := range found {
		switch {
		case i >= len(checked):
			found[i].Problem = fmt.Sprintf("not verified: %v", err)
		case checked[i].Err == nil && err == nil:
			found[i].Valid = true
		default:
			found[i].Problem = fmt.Sprintf("%s: %v", v.server, checked[i].Err)
			found[i].Unknown = !dkim.IsTempFail(checked[i].Err) && !strings.Contains(found[i].Problem, "body hash")
		}
	}
	return found
}

// tags reads s=, d= and a= of each DKIM-Signature, in their order.
func tags(data []byte) []Signature {
	message, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	var all []Signature
	for _, field := range message.Header[textproto.CanonicalMIMEHeaderKey("DKIM-Signature")] {
		var s Signature
		for tag := range strings.SplitSeq(field, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(tag), "=")
			switch value = strings.Join(strings.Fields(value), ""); strings.TrimSpace(name) {
			case "s":
				s.Selector = value
			case "d":
				s.Domain = value
			case "a":
				s.Algorithm = value
			}
		}
		all = append(all, s)
	}
	return all
}

// dmarc is RFC 7489: the domain of From: must be aligned with what SPF or a signature
// stands for.
func (v *view) dmarc(ctx context.Context, m Mail, r Result) string {
	from := m.author()
	record, err := dmarc.LookupWithOptions(from, &dmarc.LookupOptions{LookupTXT: func(name string) ([]string, error) { return v.LookupTXT(ctx, name) }})
	switch {
	case dmarc.IsTempFail(err):
		return "temperror"
	case err != nil:
		return "none"
	}
	_, envelope, _ := strings.Cut(m.From, "@")
	if r.SPF == "pass" && aligned(from, envelope, record.SPFAlignment) {
		return "pass"
	}
	for _, s := range r.Signatures {
		if s.Valid && aligned(from, s.Domain, record.DKIMAlignment) {
			return "pass"
		}
	}
	return "fail"
}

func aligned(from, domain string, mode dmarc.AlignmentMode) bool {
	from, domain = canonical(from), canonical(domain)
	if from == domain {
		return from != ""
	}
	a, errA := publicsuffix.EffectiveTLDPlusOne(from)
	b, errB := publicsuffix.EffectiveTLDPlusOne(domain)
	return mode != dmarc.AlignmentStrict && errA == nil && errB == nil && a == b
}
