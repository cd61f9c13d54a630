package tlscert

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/watcher"
	"github.com/openova-io/smtp-mirror/zone"
)

// Pauses of the waits.
const (
	answerPause = 2 * time.Second  // a connection was closed or not taken
	filesPause  = 15 * time.Second // the kubelet renews mounted files within about a minute
	handsPause  = time.Minute      // somebody has to do something in Stalwart
	filesGrace  = 2 * time.Minute
	answerGrace = 20 * time.Second
	daneGrace   = 3 * time.Hour // a record's time, which is an hour by default, and whoever publishes it
)

// Keeper keeps the certificate. Its exported fields are set once; the loop never runs
// it twice at once.
type Keeper struct {
	Host      string // of the mail server, which the certificate must cover
	Owner     string // one word: namespace/name of the Secret, or the directory
	Source    Source
	SourceRef corev1.ObjectReference
	Fleet     *stalwart.Fleet
	Pods      func() []watcher.Incarnation
	DryRun    bool

	// Where is host:port of the submission listener, the same port in every Pod, and whether
	// it has TLS from the first byte (465) or STARTTLS (587).
	Where func() (address string, implicitTLS bool)

	// Dane tells what the DNS says of the TLSA record of a key, by its [zone.SPKIHash], and for
	// how long the set without it may still be remembered; nil = nobody looks.
	Dane func(hash string) (zone.Verdict, time.Duration)

	// Turn waits until a handshake may begin; nil = at once. Of five connections a second that
	// Stalwart takes from one address, the relay's logins need the most.
	Turn func(ctx context.Context) error

	served   known
	unusable string    // the leaf that was withdrawn last
	told     string    // the chain that Stalwart was told last to load
	guessing time.Time // since when it is not known whether senders rely on the key that is served
}

// NotAfter is until when what handshakes showed last is valid, everywhere; zero where
// none was seen yet. It may be called at any time.
func (k *Keeper) NotAfter() time.Time {
	var first time.Time
	for _, leaf := range k.served.all() {
		if first.IsZero() || leaf.NotAfter.Before(first) {
			first = leaf.NotAfter
		}
	}
	return first
}

// DaysLeft is what is left of [Keeper.NotAfter], in days; below zero after its end.
func (k *Keeper) DaysLeft(now time.Time) float64 { return k.NotAfter().Sub(now).Hours() / 24 }

// maxSteps bounds a run: a renewal takes five.
const maxSteps = 20

// Reconcile brings the certificate of the source into use, one step after another.
func (k *Keeper) Reconcile(ctx context.Context) (watcher.Result, error) {
	result := watcher.Result{Outcome: watcher.Converged, Regarding: k.SourceRef}
	pair, err := k.pair()
	if err != nil {
		k.look(ctx, false) // until when the old one is good matters now more than ever
		return result, err
	}
	directory, err := k.Fleet.Detect(ctx)
	if err != nil {
		return result, err
	}
	r := &run{Keeper: k, directory: directory, pair: pair, result: &result, desired: Desired{Leaf: pair.Fingerprint(), Chain: stalwart.ChainFingerprint(pair.All), Owner: k.Owner}}
	r.observed = Observed{Generation: directory.Generation(), Seen: k.look(ctx, false), Unusable: k.unusable == r.desired.Leaf, Told: k.told == r.desired.Chain}
	r.observed.Unannounced, r.wait = k.unannounced(pair.Leaf, time.Now())
	for i := range maxSteps {
		done, err := r.step(ctx, i == 0)
		if done || err != nil {
			return result, err
		}
	}
	return result, errors.New("no end of steps to bring the certificate into use")
}

// pair reads the source, and checks it.
func (k *Keeper) pair() (*Pair, error) {
	certificate, key, err := k.Source()
	if err != nil {
		return nil, err
	}
	pair, err := Parse(certificate, key)
	if err != nil {
		return nil, err
	}
	return pair, pair.Check(k.Host, time.Now())
}

// run is one run of the Keeper.
type run struct {
	*Keeper
	directory stalwart.Directory
	pair      *Pair
	desired   Desired
	observed  Observed
	result    *watcher.Result
	wait      time.Duration // until what is unannounced may be shown
}

// step looks at what Stalwart holds, and takes one step.
func (r *run) step(ctx context.Context, first bool) (done bool, err error) {
	r.observed.Held, err = r.directory.Certificates(ctx)
	if err != nil {
		return false, err
	}
	if i := slices.IndexFunc(r.observed.Held, func(c stalwart.Certificate) bool { return c.Default }); first && i >= 0 {
		r.observed.Before = r.observed.Held[i].ID
	}
	step := Decide(r.observed, r.desired)
	switch {
	case step.Action == Keep:
		r.finding()
		return true, nil
	case step.Action == Hold:
		return true, r.hold(step)
	case r.DryRun:
		r.result.Reason, r.result.Message = ReasonWouldInstall, fmt.Sprintf("would bring the certificate %.12s... for %s into use: %s", r.desired.Leaf, r.Host, step.Why)
		return true, nil
	}
	return false, r.act(ctx, step)
}

func (r *run) hold(step Step) error {
	e := &watcher.HoldError{Why: step.Reason, Text: step.Why, After: handsPause, Address: step.Dead}
	switch {
	case step.Reason == ReasonCertificateNotServed && r.observed.Generation == stalwart.Gen015:
		e.After, e.Grace = filesPause, filesGrace
	case step.Reason == ReasonAwaitingTLSA:
		e.After, e.Grace = cmp.Or(r.wait, handsPause), daneGrace
	case r.observed.silent():
		e.After, e.Grace = answerPause, answerGrace
	}
	return e
}

// finding says that the certificate ends soon: nobody has renewed it.
func (r *run) finding() {
	end := r.pair.Leaf.NotAfter
	r.result.After = time.Until(end.Add(-smtpprobe.ExpirySoon(r.pair.Leaf)))
	if r.result.After <= 0 {
		r.result.After = 0
		r.result.Reason, r.result.Message = ReasonCertificateExpires, fmt.Sprintf("the certificate for %s ends at %s, and has not been renewed", r.Host, end.UTC().Format(time.RFC3339))
	}
}

func fingerprint(c *x509.Certificate) string { return stalwart.Fingerprint(c.Raw) }
