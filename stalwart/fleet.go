package stalwart

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"slices"
	"sync"
	"time"
)

// Fleet is Stalwart behind a Service: one address that answers for all Pods, and
// the Pods themselves, which must sometimes be spoken to one by one, because each
// process has caches of its own that never expire.
type Fleet struct {
	*Conn
	options Options

	mu    sync.Mutex
	conns map[string]*Conn // by host:port of a Pod
}

// NewFleet makes a fleet from the options of its common address.
func NewFleet(o Options) (*Fleet, error) {
	conn, err := NewConn(o)
	if err != nil {
		return nil, err
	}
	return &Fleet{Conn: conn, options: o, conns: map[string]*Conn{}}, nil
}

// Port is the port of the common address: the one a Pod serves too, unless its
// container names another.
func (f *Fleet) Port() string {
	_, port, _ := net.SplitHostPort(f.Address())
	return port
}

// At is the connection to one Pod by host:port. Over TLS the certificate must
// still cover the host of the common address.
func (f *Fleet) At(address string) (*Conn, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c := f.conns[address]; c != nil {
		return c, nil
	}
	o := f.options
	base, err := url.Parse(o.URL)
	if err != nil {
		return nil, fmt.Errorf("parsing the URL of Stalwart: %w", err)
	}
	if o.ServerName == "" {
		o.ServerName = base.Hostname()
	}
	base.Host = address
	o.URL = base.String()
	c, err := NewConn(o)
	if err == nil {
		f.conns[address] = c
	}
	return c, err
}

// Keep forgets every Pod that is not at one of these addresses.
func (f *Fleet) Keep(addresses []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for address, c := range f.conns {
		if !slices.Contains(addresses, address) {
			c.Close()
			delete(f.conns, address)
		}
	}
}

// Open detects what one Pod speaks.
func (f *Fleet) Open(ctx context.Context, address string) (Directory, error) {
	conn, err := f.At(address)
	if err != nil {
		return nil, err
	}
	return conn.Detect(ctx)
}

// podPatience bounds what one Pod may cost: it may be out of our reach, by a NetworkPolicy
// for example.
const podPatience = 5 * time.Second

// Tell does something at one Pod, within five seconds altogether. Where the Pod could not
// even be opened, opened is false: what that means is the caller's to judge.
func (f *Fleet) Tell(ctx context.Context, address string, do func(Directory, context.Context) error) (opened bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, podPatience)
	defer cancel()
	directory, err := f.Open(ctx, address)
	if err != nil {
		return false, err
	}
	return true, do(directory, ctx)
}

// CloseAll drops idle connections to the Pods and to the common address.
func (f *Fleet) CloseAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.conns {
		c.Close()
	}
	f.Close()
}
