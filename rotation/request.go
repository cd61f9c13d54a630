package rotation

import "strings"

// Request asks for a rotation now: the value of an annotation, another one each
// time. The empty one asks for nothing.
type Request string

// Annotation is the annotation that holds a request: of the SOURCE for credentials,
// of the dns-records ConfigMap for DKIM keys.
const Annotation = "smtp-mirror.openova.io/rotate"

// revokeNow begins a request after a leak.
const revokeNow = "revoke-now/"

// NewRequest makes a request of a value that was never used before.
func NewRequest(value string, revoke bool) Request {
	if revoke {
		return Request(revokeNow + value)
	}
	return Request(value)
}

// Revokes reports whether the old credential is to end at once: as soon as the
// mirrors hold the new one, whoever still runs on the old one.
func (r Request) Revokes() bool { return strings.HasPrefix(string(r), revokeNow) }

// asked writes down a request: nothing else is decided before it is. What exists
// then is what it is about.
func (w *world) asked() (Step, bool) {
	if w.d.Request == "" || string(w.d.Request) == w.state.Handled {
		return Step{}, false
	}
	s := w.Observed.State // also what is lost: it may be put back
	s.Handled = string(w.d.Request)
	if w.d.Issued {
		s.Renew = s.Last
	}
	if w.d.Request.Revokes() {
		s.Revoked = s.Last
	}
	return Step{Kind: Record, State: s, Why: "a rotation is asked for"}, true
}
