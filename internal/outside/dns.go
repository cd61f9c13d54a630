package outside

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/openova-io/smtp-mirror/zone"
)

// DNS is the authoritative servers of some zones: the primary first, then secondaries,
// which follow after the lag.
type DNS struct {
	Servers  []*NameServer
	Resolver *NameServer // for a mail server that delivers: always up, never lies

	lag time.Duration

	mu        sync.Mutex
	kept, fed []zone.Record
	number    int
	closed    bool
}

// Options make a [DNS].
type Options struct {
	Zones    []string      // without the dot at the end
	Servers  int           // 0 = 3
	Lag      time.Duration // until a secondary follows
	Negative time.Duration // how long the absence of a name may be remembered; whole seconds
}

// StartDNS starts the servers, which know nothing yet.
func StartDNS(o Options) (*DNS, error) {
	if o.Servers == 0 {
		o.Servers = 3
	}
	d := &DNS{lag: o.Lag}
	for i := range o.Servers + 1 {
		s, err := startServer(o.Zones, o.Negative)
		if err != nil {
			return nil, errors.Join(err, d.Close())
		}
		if i == o.Servers {
			d.Resolver = s
			continue
		}
		d.Servers = append(d.Servers, s)
	}
	return d, nil
}

// Addrs are host:port of the authoritative servers.
func (d *DNS) Addrs() []string {
	var all []string
	for _, s := range d.Servers {
		all = append(all, s.Addr())
	}
	return all
}

// Keep adds what outsiders publish themselves: it stays, whatever is published.
func (d *DNS) Keep(records ...zone.Record) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.kept = append(d.kept, records...)
	return d.spread()
}

// Publish replaces everything that was published before. A record that no name server
// could serve is an error, and nothing changes then.
func (d *DNS) Publish(records []zone.Record) error {
	for _, r := range records {
		if _, err := rr(r); err != nil {
			return fmt.Errorf("publishing %s %s: %w", r.Type, r.Name, err)
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fed = append([]zone.Record(nil), records...)
	return d.spread()
}

// Refresh lets servers that were stale take what they have missed.
func (d *DNS) Refresh() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.spread()
}

func (d *DNS) spread() error {
	if d.closed {
		return errors.New("the DNS is closed")
	}
	all := sets(append(append([]zone.Record(nil), d.kept...), d.fed...))
	d.number++
	number := d.number
	d.Resolver.take(all, number, time.Now())
	for i, s := range d.Servers {
		if i == 0 || d.lag == 0 {
			s.take(all, number, time.Now())
			continue
		}
		time.AfterFunc(d.lag, func() { s.take(all, number, time.Now()) })
	}
	return nil
}

// Close ends every server.
func (d *DNS) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil
	}
	d.closed = true
	var problems []error
	for _, s := range append(d.Servers[:len(d.Servers):len(d.Servers)], d.Resolver) {
		if s != nil {
			problems = append(problems, s.close())
		}
	}
	return errors.Join(problems...)
}
