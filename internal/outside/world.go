package outside

import (
	"context"
	"errors"
	"net"
	"strconv"
	"time"

	"github.com/openova-io/smtp-mirror/zone"
)

// The names of the outside.
const (
	Zone    = "outside.test"    // of those who receive
	MTAHost = "mx.outside.test" // their mail server
)

// RelayAddress is how a mail server that refuses loopback addresses reaches the MTA.
const RelayAddress = "0.0.0.0"

// World is everything outside of the cluster.
type World struct {
	*DNS
	MTA *MTA
}

// Start starts a DNS for the zones and that of the outside, and an MTA that asks it.
func Start(o Options) (*World, error) {
	o.Zones = append(append([]string(nil), o.Zones...), Zone, "127.in-addr.arpa")
	d, err := StartDNS(o)
	if err != nil {
		return nil, err
	}
	m, err := StartMTA(MTAHost, d.Addrs)
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	w := &World{d, m}
	own := []zone.Record{
		{Name: Zone, Type: "MX", Value: "10 " + MTAHost, TTL: time.Minute},
		{Name: MTAHost, Type: "A", Value: RelayAddress, TTL: time.Minute},
	}
	if err := d.Keep(own...); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// Port is the MTA's.
func (w *World) Port() int {
	_, text, _ := net.SplitHostPort(w.MTA.Addr())
	port, _ := strconv.Atoi(text)
	return port
}

// JudgeAgain checks a mail with the DNS of this moment.
func (w *World) JudgeAgain(ctx context.Context, m Mail) Result { return Judge(ctx, w.Addrs(), m) }

// Close ends everything.
func (w *World) Close() error { return errors.Join(w.MTA.Close(), w.DNS.Close()) }
