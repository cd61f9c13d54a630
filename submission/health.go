package submission

import "time"

// Health is how a relay has answered the logins of late: all of one kind since a
// moment, the newest one at another. The zero Health knows nothing.
type Health struct {
	Accepted bool
	Since    time.Time // the first login that was answered like this, without another answer in between
	Last     time.Time // the newest
}

// Next is the health after one more login.
func (h Health) Next(accepted bool, at time.Time) Health {
	if h.Last.IsZero() || h.Accepted != accepted {
		return Health{Accepted: accepted, Since: at, Last: at}
	}
	h.Last = at
	return h
}

// From forgets what was before a moment: somebody else may have seen another answer
// since.
func (h Health) From(t time.Time) Health {
	switch {
	case h.Last.Before(t):
		return Health{}
	case h.Since.Before(t):
		h.Since = t
	}
	return h
}

// Lasted is the time between two logins, all in between answered alike.
func (h Health) Lasted() time.Duration { return h.Last.Sub(h.Since) }

// Attempt notes how a login was answered; a proof that is recorded is one that was
// accepted.
func (l *Ledger) Attempt(submission string, accepted bool, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.attempt(submission, accepted, at)
}

func (l *Ledger) attempt(submission string, accepted bool, at time.Time) {
	if l.health == nil {
		l.health = map[string]Health{}
	}
	l.health[submission] = l.health[submission].Next(accepted, at)
}

// Health tells how the logins of a submission were answered.
func (l *Ledger) Health(submission string) Health {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.health[submission]
}
