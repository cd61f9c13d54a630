package conformance

import (
	"slices"
	"strings"
	"testing"

	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/watcher"
)

// converged expects the submission to be proven.
func (o outcome) converged(t *testing.T) outcome {
	t.Helper()
	if o.err != nil {
		t.Fatalf("not converged: %s: %v", watcher.ReasonOf(o.err), o.err)
	}
	if o.result.Outcome != watcher.Converged || o.result.LastProof.IsZero() {
		t.Fatalf("not converged: %+v", o.result)
	}
	return o
}

// stopped expects an error with this reason, whose text has all the parts.
func (o outcome) stopped(t *testing.T, reason string, parts ...string) outcome {
	t.Helper()
	if o.err == nil {
		t.Fatalf("got %+v, want the reason %s", o.result, reason)
	}
	if got := watcher.ReasonOf(o.err); got != reason {
		t.Fatalf("the reason is %s, want %s: %v", got, reason, o.err)
	}
	for _, part := range parts {
		if !strings.Contains(o.err.Error(), part) {
			t.Errorf("the message does not say %q: %v", part, o.err)
		}
	}
	return o
}

// changed expects exactly these changes, in order.
func (o outcome) changed(t *testing.T, want ...string) outcome {
	t.Helper()
	var got []string
	for _, c := range o.result.Changes {
		got = append(got, c.Reason)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the changes are %v, want %v", got, want)
	}
	return o
}

// loggedIn expects exactly these answers to our own logins.
func (o outcome) loggedIn(t *testing.T, want ...smtpprobe.Verdict) outcome {
	t.Helper()
	if !slices.Equal(o.proofs, want) {
		t.Errorf("the logins were answered with %v, want %v", o.proofs, want)
	}
	return o
}

// wroteNothing expects reads and a login only.
func (o outcome) wroteNothing(t *testing.T) outcome {
	t.Helper()
	if len(o.writes) > 0 {
		t.Errorf("it wrote: %+v", o.writes)
	}
	return o
}
