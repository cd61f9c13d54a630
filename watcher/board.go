package watcher

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// board keeps the status of every target.
type board struct {
	mu   sync.Mutex
	rows map[Target]Status
}

func newBoard(targets []Target, now time.Time) *board {
	b := &board{rows: map[Target]Status{}}
	for _, t := range targets {
		b.rows[t] = Status{Name: t, Outcome: Retrying, Reason: ReasonPending, Since: now}
	}
	return b
}

// post replaces a row; Since moves only when outcome or reason do.
func (b *board) post(t Target, r Result, err error, now time.Time) Transition {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := b.rows[t]
	after := Status{Name: t, Outcome: r.Outcome, Reason: r.Reason, Message: r.Message, Since: now, LastProof: before.LastProof}
	if err != nil {
		after.Outcome, after.Reason, after.Message = Retrying, ReasonOf(err), err.Error()
	}
	after.Message = strings.ReplaceAll(after.Message, "\n", "; ") // joined errors
	if after.Outcome == before.Outcome && after.Reason == before.Reason {
		after.Since = before.Since
	}
	after.quiet = after.Outcome == Held && now.Sub(after.Since) < r.Grace
	if !r.LastProof.IsZero() {
		after.LastProof = &r.LastProof
	}
	b.rows[t] = after
	return Transition{Before: before, After: after, Result: r, Err: err}
}

func (b *board) list() []Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.SortedFunc(maps.Values(b.rows), func(x, y Status) int { return strings.Compare(string(x.Name), string(y.Name)) })
}
