package rotation

import (
	"crypto/rand"
	"hash/fnv"
	"strconv"
	"time"

	"github.com/openova-io/smtp-mirror/redact"
)

// advanceIssued renews what we mint, and lets the account's password follow the
// SOURCE beside it.
func (w *world) advanceIssued() (Step, bool) {
	current, password := w.state.Now(), w.state.Password(w.d.User)
	switch {
	case current == nil && password == nil:
		// fall through: the password is recorded below, the first one minted after it
	case current != nil && current.Slot == App && current.User == w.d.User && w.now.Before(w.due(*current)):
	case w.Chosen:
		return w.add(w.d.Fresh), true
	case !w.full:
		return w.mint(), true
	}
	if password == nil || !w.isSource(*password) && w.freed(*password) {
		return w.setBeside(), true
	}
	return Step{}, false
}

// due is when a minted credential is renewed: when it is asked for, or a little
// before its time, each generation by another bit, in the next window. Well before it
// expires no window is waited for.
func (w *world) due(g Generation) time.Time {
	if g.Number <= w.state.Renew {
		return g.Created
	}
	due := g.Created.Add(100 * 365 * 24 * time.Hour)
	earlier := func(t time.Time) {
		if t.Before(due) {
			due = t
		}
	}
	if w.d.Every > 0 {
		earlier(w.window(g.Created.Add(Jittered(w.d.Every, strconv.FormatInt(g.Number, 10)))))
	}
	if !g.Expires.IsZero() {
		earlier(g.Created.Add(g.Expires.Sub(g.Created) / 2))
	}
	return due
}

func (w *world) window(from time.Time) time.Time {
	if w.d.Window == nil {
		return from
	}
	return w.d.Window(from)
}

// Jittered is a time that is shorter by up to a tenth, and always the same for a
// name: what was made together is not renewed together.
func Jittered(every time.Duration, name string) time.Duration {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	return every - time.Duration(float64(every)*0.1*float64(h.Sum32())/float64(1<<32))
}

// Password makes a password of 32 letters and digits, about 190 bits.
func Password() redact.Secret {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	out := make([]byte, 0, 32)
	for len(out) < cap(out) {
		var b [64]byte
		_, _ = rand.Read(b[:]) // never fails since Go 1.24
		for _, x := range b {
			if int(x) < 4*len(letters) && len(out) < cap(out) { // without bias
				out = append(out, letters[int(x)%len(letters)])
			}
		}
	}
	return redact.New(string(out))
}
