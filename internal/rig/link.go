package rig

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Link passes TCP connections on, TLS and all. It may be slow, and it may swallow:
// then the connections that exist stay open, and what either side sends disappears.
// That is how a NAT table that lost its entry looks from inside.
type Link struct {
	listener net.Listener
	upstream string
	dialer   net.Dialer
	delay    atomic.Int64
	work     sync.WaitGroup

	mu    sync.Mutex
	pairs []*pair
}

type pair struct {
	client, server net.Conn
	dead           atomic.Bool
}

// NewLink listens at an address ("127.0.0.1:0" is a free port) and dials the
// upstream from the local address from; "" is any.
func NewLink(address, upstream, from string) (*Link, error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	l := &Link{listener: listener, upstream: upstream}
	if from != "" {
		l.dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	l.work.Go(l.accept)
	return l, nil
}

// Addr is where it listens.
func (l *Link) Addr() string { return l.listener.Addr().String() }

func (l *Link) accept() {
	for {
		client, err := l.listener.Accept()
		if err != nil {
			return
		}
		server, err := l.dialer.Dial("tcp", l.upstream)
		if err != nil {
			_ = client.Close()
			continue
		}
		p := &pair{client: client, server: server}
		l.mu.Lock()
		l.pairs = append(l.pairs, p)
		l.mu.Unlock()
		l.work.Go(func() { p.pass(client, server, nil) })
		l.work.Go(func() { p.pass(server, client, &l.delay) })
	}
}

// pass copies one direction, each piece after a delay. A dead pair goes on reading,
// so that the sender notices nothing.
func (p *pair) pass(from, to net.Conn, delay *atomic.Int64) {
	defer func() { _ = p.client.Close(); _ = p.server.Close() }()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && delay != nil {
			time.Sleep(time.Duration(delay.Load()))
		}
		if n > 0 && !p.dead.Load() {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// Swallow kills every connection that exists, silently, and says how many.
func (l *Link) Swallow() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.pairs {
		p.dead.Store(true)
	}
	return len(l.pairs)
}

// Slow delays each piece of an answer.
func (l *Link) Slow(delay time.Duration) { l.delay.Store(int64(delay)) }

// Close ends the listener and every connection.
func (l *Link) Close() {
	_ = l.listener.Close()
	l.mu.Lock()
	for _, p := range l.pairs {
		_ = p.client.Close()
		_ = p.server.Close()
	}
	l.mu.Unlock()
	l.work.Wait()
}
