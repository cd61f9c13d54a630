package apikey

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openova-io/smtp-mirror/rotation"
	"github.com/openova-io/smtp-mirror/stalwart"
)

// Observed is what a decision is made from.
type Observed struct {
	Generation stalwart.Generation
	Kept       *Kept
	Refused    bool // the kept key was refused
	Listed     []Listed
}

// Listed is a key of ours on the server.
type Listed struct {
	stalwart.APIKey
	Known time.Duration // how long we have known of it
}

// Desired is what the configuration asks for.
type Desired struct {
	Powers     stalwart.Powers
	AllowedIPs []string
	Every      time.Duration // renew after about this time
	Patience   time.Duration // another controller may have minted a key and not stored it yet
}

// Action is what to do.
type Action string

// The actions.
const (
	Keep    Action = "Keep"
	Mint    Action = "Mint"    // with the administrator's password
	Renew   Action = "Renew"   // with the key itself
	Destroy Action = "Destroy" // a key that nobody uses
)

// Step is what to do next.
type Step struct {
	Action Action
	Name   string          // of the key that is minted
	Key    stalwart.APIKey // that is destroyed
	Wait   time.Duration   // with Keep
	Why    string
}

// quota is how many keys an account of 0.16 may have.
const quota = 5

// Decide gives the next step. A key is renewed before the old one ends, and only a
// key that is certainly in nobody's hands is destroyed.
func Decide(o Observed, d Desired, now time.Time) Step {
	step := Step{Action: Mint, Name: o.next()}
	switch {
	case o.Kept == nil:
		step.Why = "there is none yet"
	case o.Kept.Generation != o.Generation:
		step.Why = "Stalwart is of another generation"
	case o.Refused:
		step.Why = "the old one is refused"
	case !o.Kept.fits(d):
		step.Why = "other rights are needed"
	case !now.Before(o.Kept.Created.Add(rotation.Jittered(d.Every, o.Kept.Name))):
		step.Action, step.Why = Renew, "the old one has come of age"
	default:
		step.Action = Keep
	}
	return o.leftover(step, o.Kept != nil && d.Every > 0, d, now)
}

// leftover ends a key that nobody uses where nothing else is to do, or where the
// quota leaves no room for another.
func (o Observed) leftover(step Step, renews bool, d Desired, now time.Time) Step {
	full := o.Generation == stalwart.Gen016 && len(o.Listed) >= quota
	if renews && step.Action == Keep {
		step.Wait = o.Kept.Created.Add(d.Every).Sub(now)
	}
	for _, l := range o.Listed {
		if o.Kept != nil && l.ID == o.Kept.ID && !o.Refused || step.Action != Keep && !full {
			continue
		}
		if l.Known >= d.Patience || full {
			return Step{Action: Destroy, Key: l.APIKey, Why: "nobody uses it"}
		}
		step.Wait = min(step.Wait, d.Patience-l.Known)
	}
	return step
}

// next is a name that no key of ours has.
func (o Observed) next() string {
	highest := 0
	names := []string{}
	if o.Kept != nil {
		names = append(names, o.Kept.Name)
	}
	for _, l := range o.Listed {
		names = append(names, l.Name)
	}
	for _, name := range names {
		if n, err := strconv.Atoi(strings.TrimPrefix(name, namePrefix)); err == nil {
			highest = max(highest, n)
		}
	}
	return namePrefix + strconv.Itoa(highest+1)
}

// ours filters what the server lists.
func ours(all []stalwart.APIKey) []stalwart.APIKey {
	return slices.DeleteFunc(all, func(k stalwart.APIKey) bool { return !isOurs(k) })
}
