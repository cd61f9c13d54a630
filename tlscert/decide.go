package tlscert

import (
	"fmt"
	"slices"

	"github.com/openova-io/smtp-mirror/stalwart"
)

// Shown is what a handshake showed.
type Shown struct {
	Leaf    string // fingerprint; "" where there was none
	Chain   string // fingerprint of the leaf and what came with it
	Broken  bool   // the server cannot complete a handshake
	Problem string // why it could not be told, or is broken
	Reason  string // of the problem
	Dead    string // host:port at which nothing answers, where that is the problem
}

// Seen is what one address shows: to a client that names the mail host and, where that
// was asked, to one that names none.
type Seen struct {
	Address string
	Named   Shown
	Default *Shown
}

// Observed is what a decision is made from.
type Observed struct {
	Generation stalwart.Generation
	Held       []stalwart.Certificate
	Seen       []Seen
	Reloaded   bool   // after the last write, and before Seen
	Written    bool   // something was written that waits for a reload
	Blocker    string // what Stalwart said that it could not load
	Unusable   bool   // this very leaf was withdrawn before
	Before     string // what was the default when the run began, "" = none
	Told       bool   // Stalwart was told to load this very chain before, by this process

	Unannounced string // why the wanted certificate may not be shown yet, "" where it may
}

// Desired is the certificate that is to be served: the fingerprints of its leaf, and of
// the leaf with its intermediates.
type Desired struct{ Leaf, Chain, Owner string }

// Action is what to do.
type Action string

// The actions.
const (
	Keep     Action = "Keep"
	Install  Action = "Install"
	Use      Action = "Use" // make it the default
	Reload   Action = "Reload"
	Destroy  Action = "Destroy"  // an old one of ours
	Withdraw Action = "Withdraw" // the new one, which Stalwart cannot use
	Hold     Action = "Hold"
)

// Step is what to do next.
type Step struct {
	Action      Action
	Certificate stalwart.Certificate // used, destroyed or withdrawn
	Instead     string               // with Withdraw: the default again, "" = none
	Serves      bool                 // with Destroy: it is what is served, so a reload must follow
	Reason, Why string
	Dead        string // with Hold: host:port at which nothing answers
}

// Decide gives the next step. A certificate of ours is destroyed only where another was
// seen to work, and one of somebody else never.
func Decide(o Observed, d Desired) Step {
	if o.Unusable {
		return Step{Action: Hold, Reason: ReasonCertificateUnusable, Why: "Stalwart could not use this certificate, which was withdrawn; the one before it stays. Renew it with another key"}
	}
	if o.Unannounced != "" && !slices.ContainsFunc(o.Seen, func(s Seen) bool { return s.Named.Leaf == d.Leaf }) {
		return Step{Action: Hold, Reason: ReasonAwaitingTLSA, Why: o.Unannounced}
	}
	if o.Generation == stalwart.Gen015 {
		return o.files(d)
	}
	mine := o.mine(d)
	switch {
	case mine == nil:
		return Step{Action: Install, Why: "it is not there"}
	case !mine.Default:
		return Step{Action: Use, Certificate: *mine, Why: "another is the default"}
	case !o.Reloaded && (o.Written || o.differs(d)):
		return Step{Action: Reload, Why: "it is not served"}
	case o.all(d, shows):
		return o.leftover(d)
	}
	return o.blocked(*mine, d)
}

// files is Decide on 0.15.
func (o Observed) files(d Desired) Step {
	switch {
	case !o.Reloaded && (o.differs(d) || !o.Told && (o.silent() || o.incomplete(d))):
		return Step{Action: Reload, Why: "its files are another certificate than the one that is served"}
	case o.all(d, shows):
		return Step{Action: Keep}
	case o.silent():
		return o.waiting()
	}
	return Step{Action: Hold, Reason: ReasonCertificateNotServed, Why: fmt.Sprintf("%s, also after Stalwart has read its files again: mount the certificate where certificate.<id>.cert and private-key of its configuration point (%%{file:...}%%)%s",
		o.wrong(d, shows), o.blockerText())}
}

// blocked says what stands in the way after a reload.
func (o Observed) blocked(mine stalwart.Certificate, d Desired) Step {
	proven := o.all(d, showsByDefault)
	overruling := o.named(d)
	switch {
	case o.silent():
		return o.waiting()
	case !proven && (o.Blocker == "Certificate "+mine.ID || o.brokenByDefault()):
		return Step{Action: Withdraw, Certificate: mine, Instead: o.successor(mine, d), Why: "Stalwart cannot use it" + o.blockerText()}
	case proven && overruling != nil && overruling.Owner == d.Owner:
		return Step{Action: Destroy, Certificate: *overruling, Serves: true, Why: "it ends later than the new one, and would be served in its place"}
	case proven && overruling != nil:
		return Step{Action: Hold, Reason: ReasonCertificateOverruled, Why: fmt.Sprintf("Stalwart serves the certificate %s, which is not ours and ends later (%s): destroy it", overruling.ID, overruling.NotAfter.Format("2006-01-02"))}
	case proven:
		return Step{Action: Hold, Reason: ReasonCertificateOverruled, Why: o.wrong(d, shows) + ", although ours is the default: another x:Certificate for this name ends later; destroy it"}
	}
	return Step{Action: Hold, Reason: ReasonCertificateNotServed, Why: o.wrong(d, showsByDefault) + ": does something stand before Stalwart that ends TLS?" + o.blockerText()}
}

// leftover ends what was before: the new one is served everywhere.
func (o Observed) leftover(d Desired) Step {
	kept := o.mine(d)
	for _, c := range o.Held {
		if c.Owner == d.Owner && c.ID != kept.ID && !c.Default {
			return Step{Action: Destroy, Certificate: c, Serves: c.Leaf == d.Leaf, Why: "another has taken its place"}
		}
	}
	return Step{Action: Keep}
}

func (o Observed) mine(d Desired) *stalwart.Certificate {
	var found *stalwart.Certificate
	for i, c := range o.Held {
		if c.Owner == d.Owner && c.Leaf == d.Leaf && c.Chain == d.Chain && (found == nil || c.Default) {
			found = &o.Held[i]
		}
	}
	return found
}

// successor is the default after a withdrawal: what it was before, else the newest other
// one of ours.
func (o Observed) successor(mine stalwart.Certificate, d Desired) string {
	if o.Before != mine.ID && slices.ContainsFunc(o.Held, func(c stalwart.Certificate) bool { return c.ID == o.Before }) {
		return o.Before
	}
	var best stalwart.Certificate
	for _, c := range o.Held {
		if c.ID != mine.ID && c.Owner == d.Owner && c.Leaf != d.Leaf && c.NotAfter.After(best.NotAfter) {
			best = c
		}
	}
	return best.ID
}

// named is the held certificate that is shown in the place of the wanted one.
func (o Observed) named(d Desired) *stalwart.Certificate {
	for _, s := range o.Seen {
		i := slices.IndexFunc(o.Held, func(c stalwart.Certificate) bool { return c.Leaf != "" && c.Leaf == s.Named.Leaf })
		if i >= 0 && s.Named.Leaf != d.Leaf {
			return &o.Held[i]
		}
	}
	return nil
}

func shows(s Seen) Shown { return s.Named }

func showsByDefault(s Seen) Shown {
	if s.Default == nil {
		return Shown{}
	}
	return *s.Default
}

// all tells whether every address shows the wanted certificate.
func (o Observed) all(d Desired, what func(Seen) Shown) bool {
	return len(o.Seen) > 0 && !slices.ContainsFunc(o.Seen, func(s Seen) bool { return what(s).Leaf != d.Leaf })
}

// differs tells whether an address shows something else; one that is silent does not.
func (o Observed) differs(d Desired) bool {
	return slices.ContainsFunc(o.Seen, func(s Seen) bool { return s.Named.Broken || s.Named.Leaf != "" && s.Named.Leaf != d.Leaf })
}

// incomplete tells whether an address shows the wanted leaf with other intermediates.
func (o Observed) incomplete(d Desired) bool {
	return slices.ContainsFunc(o.Seen, func(s Seen) bool { return s.Named.Leaf == d.Leaf && s.Named.Chain != d.Chain })
}

func (o Observed) silent() bool {
	return slices.ContainsFunc(o.Seen, func(s Seen) bool { return s.unknown() != nil })
}

// unknown is a handshake that told nothing.
func (s Seen) unknown() *Shown {
	for _, shown := range []*Shown{&s.Named, s.Default} {
		if shown != nil && shown.Leaf == "" && !shown.Broken {
			return shown
		}
	}
	return nil
}

func (o Observed) waiting() Step {
	for _, s := range o.Seen {
		if shown := s.unknown(); shown != nil {
			return Step{Action: Hold, Reason: shown.Reason, Why: shown.Problem, Dead: shown.Dead}
		}
	}
	return Step{Action: Keep}
}

func (o Observed) brokenByDefault() bool {
	return slices.ContainsFunc(o.Seen, func(s Seen) bool { return showsByDefault(s).Broken })
}

// wrong names the first address that shows something else.
func (o Observed) wrong(d Desired, what func(Seen) Shown) string {
	for _, s := range o.Seen {
		switch shown := what(s); {
		case shown.Leaf == d.Leaf:
		case shown.Broken:
			return shown.Problem
		case shown.Leaf != "":
			return fmt.Sprintf("%s shows another certificate (SHA-256 %.12s... instead of %.12s...)", s.Address, shown.Leaf, d.Leaf)
		}
	}
	return "no address was looked at"
}

func (o Observed) blockerText() string {
	if o.Blocker == "" {
		return ""
	}
	return "; Stalwart says that it cannot load " + o.Blocker
}
