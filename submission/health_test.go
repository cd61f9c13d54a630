package submission_test

import (
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/submission"
)

// TestHealth: the same answers are one time, and another answer begins a new one.
func TestHealth(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(1000+s), 0) }
	var l submission.Ledger
	steps := []struct {
		do     func()
		want   submission.Health
		lasted time.Duration
	}{
		{func() {}, submission.Health{}, 0},
		{func() { l.Attempt("s", false, at(0)) }, submission.Health{Since: at(0), Last: at(0)}, 0},
		{func() { l.Attempt("s", false, at(7)) }, submission.Health{Since: at(0), Last: at(7)}, 7 * time.Second},
		{func() { l.Attempt("other", true, at(8)) }, submission.Health{Since: at(0), Last: at(7)}, 7 * time.Second},
		{func() { l.Record("s", submission.Proof{At: at(9)}) }, submission.Health{Accepted: true, Since: at(9), Last: at(9)}, 0},
		{func() { l.Attempt("s", true, at(12)) }, submission.Health{Accepted: true, Since: at(9), Last: at(12)}, 3 * time.Second},
		{func() { l.Revoke("s") }, submission.Health{Accepted: true, Since: at(9), Last: at(12)}, 3 * time.Second},
		{func() { l.Attempt("s", false, at(13)) }, submission.Health{Since: at(13), Last: at(13)}, 0},
	}
	for i, step := range steps {
		step.do()
		if got := l.Health("s"); got != step.want || got.Lasted() != step.lasted {
			t.Errorf("step %d: %+v", i, got)
		}
	}
}

// TestHealthOfATerm: what was seen before a term of ours does not count.
func TestHealthOfATerm(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(1000+s), 0) }
	h := submission.Health{Since: at(0), Last: at(10)}
	for begin, want := range map[int]submission.Health{-1: h, 4: {Since: at(4), Last: at(10)}, 10: {Since: at(10), Last: at(10)}, 11: {}} {
		if got := h.From(at(begin)); got != want {
			t.Errorf("from %d: %+v", begin, got)
		}
	}
}
