package watcher

import (
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// DeniedError says that the API server does not let us look. The text is the
// server's own: it names the verb and the resource.
type DeniedError struct{ Err error }

func (e *DeniedError) Error() string { return e.Err.Error() }
func (e *DeniedError) Unwrap() error { return e.Err }

// Reason is the reason of the targets that need the feed.
func (e *DeniedError) Reason() string { return ReasonForbidden }

// Hold makes it a wait: the feed asks again by its own clock, and wakes.
func (e *DeniedError) Hold() time.Duration { return 0 }

// Grace is how long it is no trouble: an API server that has just started refuses
// everything to everybody until it has read the Roles.
func (e *DeniedError) Grace() time.Duration { return deniedGrace }

// ReasonForbidden is the reason of everything that RBAC refuses.
const ReasonForbidden = "Forbidden"

// The rights that a feed needs, in the order in which a lack is reported.
const (
	verbList  = "list"
	verbWatch = "watch"
	verbGet   = "get"
)

// denials keeps what is refused by verb: a list that succeeds says nothing
// about the right to watch. It is safe for concurrent use.
type denials struct {
	mu    sync.Mutex
	by    map[string]*DeniedError
	since time.Time // of the oldest refusal
}

// The pace of asking again: often while it may pass by itself, then less so.
const (
	deniedGrace = 3 * time.Second
	deniedYoung = 15 * time.Second
	deniedSoon  = time.Second
	deniedEvery = 5 * time.Second
)

// pace is how long to wait before asking again, 0 where nothing is refused.
func (d *denials) pace() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case len(d.by) == 0:
		return 0
	case time.Since(d.since) < deniedYoung:
		return deniedSoon
	}
	return deniedEvery
}

// note keeps the answer to a request; an error that is no refusal says nothing.
// It reports whether something was refused for the first time, or nothing is any
// more.
func (d *denials) note(verb string, err error) (news bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	before := len(d.by)
	switch {
	case err == nil:
		delete(d.by, verb)
	case apierrors.IsForbidden(err):
		if len(d.by) == 0 {
			d.by, d.since = map[string]*DeniedError{}, time.Now()
		}
		d.by[verb] = &DeniedError{Err: err}
	}
	return (before == 0) != (len(d.by) == 0)
}

// first is the refusal of the first of the verbs, of all of them where none is
// named; nil where there is none.
func (d *denials) first(verbs ...string) *DeniedError {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(verbs) == 0 {
		verbs = []string{verbList, verbWatch, verbGet}
	}
	for _, verb := range verbs {
		if e := d.by[verb]; e != nil {
			return e
		}
	}
	return nil
}
