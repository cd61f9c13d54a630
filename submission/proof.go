package submission

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/openova-io/smtp-mirror/redact"
)

// Proof says that a real login with exactly these credentials was accepted,
// for every granted address, at the address that consumers dial.
type Proof struct {
	SourceUID   types.UID
	Credentials Credentials   // of the SOURCE
	Login       redact.Secret // the password that logged in: the SOURCE's, or one beside it
	Generation  int64         // of Login; 0 where generations are not counted
	At          time.Time
}

// Covers reports whether the proof was made with these credentials of this source.
func (p Proof) Covers(uid types.UID, c Credentials) bool {
	return p.SourceUID == uid && !p.At.IsZero() && p.Credentials.Equal(c)
}

// Mirrored are the credentials that consumers are to use.
func (p Proof) Mirrored() Credentials {
	c := p.Credentials
	if !p.Login.Empty() {
		c.Password = p.Login
	}
	return c
}

// Ledger keeps the newest proof of each submission, and how its logins were
// answered of late, in memory: a proof is cheap to make again and worthless when it
// is old, so it is stored nowhere.
// It is safe for concurrent use.
type Ledger struct {
	mu     sync.Mutex
	proofs map[string]Proof
	users  map[string]int
	health map[string]Health
}

// Use gives the newest proof to somebody who may write its credentials somewhere,
// until done is called.
func (l *Ledger) Use(submission string) (p Proof, done func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.users == nil {
		l.users = map[string]int{}
	}
	l.users[submission]++
	return l.proofs[submission], func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.users[submission]--
	}
}

// Retract takes back a proof of a password that is about to end. It reports false
// while somebody uses a proof, who may be writing that password at this moment.
func (l *Ledger) Retract(submission string, ended redact.Secret) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.users[submission] > 0 {
		return false
	}
	if p := l.proofs[submission]; p.Mirrored().Password.Equal(ended) {
		delete(l.proofs, submission)
	}
	return true
}

// Record keeps a proof and reports whether it covers other credentials than
// the one before, that is, whether somebody may now act who could not before.
func (l *Ledger) Record(submission string, p Proof) (news bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.proofs == nil {
		l.proofs = map[string]Proof{}
	}
	old, had := l.proofs[submission]
	l.proofs[submission] = p
	l.attempt(submission, true, p.At)
	return !had || !old.Covers(p.SourceUID, p.Credentials) || !old.Login.Equal(p.Login) || old.Generation != p.Generation
}

// Revoke forgets the proof of a submission: its credentials were refused.
func (l *Ledger) Revoke(submission string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.proofs, submission)
}

// Latest returns the newest proof of a submission; the zero Proof covers nothing.
func (l *Ledger) Latest(submission string) Proof {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.proofs[submission]
}
