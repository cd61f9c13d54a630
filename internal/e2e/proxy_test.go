package e2e

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// proxy passes TCP connections on, TLS and all, until it begins to swallow: then
// the connections that exist stay open, and what either side sends disappears.
// That is how a NAT table that lost its entry looks from inside.
type proxy struct {
	listener net.Listener
	upstream string
	work     sync.WaitGroup

	mu    sync.Mutex
	links []*link
}

type link struct {
	client, server net.Conn
	dead           atomic.Bool
}

func newProxy(t *testing.T, upstream string) *proxy {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	p := &proxy{listener: listener, upstream: upstream}
	p.work.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

func (p *proxy) address() string { return p.listener.Addr().String() }

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.upstream)
		if err != nil {
			_ = client.Close()
			continue
		}
		l := &link{client: client, server: server}
		p.mu.Lock()
		p.links = append(p.links, l)
		p.mu.Unlock()
		p.work.Go(func() { l.pass(client, server) })
		p.work.Go(func() { l.pass(server, client) })
	}
}

// pass copies one direction. A dead link goes on reading, so that the sender
// notices nothing.
func (l *link) pass(from, to net.Conn) {
	defer func() { _ = l.client.Close(); _ = l.server.Close() }()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && !l.dead.Load() {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// swallow kills every connection that exists, silently, and says how many.
func (p *proxy) swallow() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.links {
		l.dead.Store(true)
	}
	return len(p.links)
}

func (p *proxy) close() {
	_ = p.listener.Close()
	p.mu.Lock()
	for _, l := range p.links {
		_ = l.client.Close()
		_ = l.server.Close()
	}
	p.mu.Unlock()
	p.work.Wait()
}
