package tlscert

import (
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/openova-io/smtp-mirror/zone"
)

// lastCall is how long before the end of the certificate that is served the next one
// goes into use whatever the DNS says: one that has ended is worse for everybody.
const lastCall = 72 * time.Hour

// known is what handshakes have shown last, by address.
type known struct {
	mu sync.Mutex
	at map[string]*x509.Certificate
}

func (k *known) put(address string, leaf *x509.Certificate) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.at == nil {
		k.at = map[string]*x509.Certificate{}
	}
	k.at[address] = leaf
}

// only forgets addresses that are not looked at any more.
func (k *known) only(addresses []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	maps.DeleteFunc(k.at, func(address string, _ *x509.Certificate) bool { return !slices.Contains(addresses, address) })
}

func (k *known) all() []*x509.Certificate {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Collect(maps.Values(k.at))
}

// Served are the keys, by their [zone.SPKIHash], that the mail host shows in certificates
// of its own name. seen is false while no handshake has told. It may be called at any time.
func (k *Keeper) Served() (hashes []string, seen bool) {
	all := k.served.all()
	for _, leaf := range all {
		if leaf.VerifyHostname(k.Host) == nil {
			hashes = append(hashes, zone.SPKIHash(leaf))
		}
	}
	slices.Sort(hashes)
	return slices.Compact(hashes), len(all) > 0
}

// unannounced says why a certificate may not be shown yet, and for how long that is sure,
// 0 where only an event ends it. A sender that has looked the keys of the mail host up
// (DANE, RFC 7672) defers what it has for us when it meets another one: the record of the
// new key must be there for as long as the set without it may be remembered
// (RFC 7671, section 8.1). Where nobody publishes the old key, nobody relies on it.
func (k *Keeper) unannounced(next *x509.Certificate, now time.Time) (why string, wait time.Duration) {
	if k.Dane == nil {
		return "", 0
	}
	switch k.reliance(next, now) {
	case nobody:
		k.guessing = time.Time{}
		return "", 0
	case unclear:
		if k.guessing.IsZero() {
			k.guessing = now
		}
		if now.Sub(k.guessing) >= guess {
			return "", 0
		}
		return "it is not known yet whether senders know the mail host by the key that it serves now (TLSA)", k.guessing.Add(guess).Sub(now)
	}
	k.guessing = time.Time{}
	hash := zone.SPKIHash(next)
	verdict, wait := k.Dane(hash)
	if verdict == zone.Published && wait <= 0 {
		return "", 0
	}
	return fmt.Sprintf("senders know the mail host by the key that it serves now (TLSA): the next certificate has another one, and waits until every name server has answered with _25._tcp.%s TLSA 3 1 1 %s for as long as the set without it may be remembered", k.Host, hash), wait
}

// guess is how long a DNS that does not answer holds a new certificate.
const guess = 15 * time.Minute

// reliance is whether senders rely on the key that is served.
type reliance int

const (
	nobody reliance = iota
	unclear
	somebody
)

func (k *Keeper) reliance(next *x509.Certificate, now time.Time) reliance {
	found := nobody
	for _, leaf := range k.served.all() {
		switch {
		case leaf.VerifyHostname(k.Host) != nil: // what Stalwart makes for itself is for no sender
			continue
		case zone.SPKIHash(leaf) == zone.SPKIHash(next) || now.After(leaf.NotAfter.Add(-lastCall)):
			return nobody
		}
		verdict, _ := k.Dane(zone.SPKIHash(leaf))
		switch verdict {
		case zone.Published:
			found = somebody
		case "", zone.TempError:
			found = max(found, unclear)
		}
	}
	return found
}
