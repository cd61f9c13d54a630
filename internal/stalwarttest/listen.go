package stalwarttest

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// connSet holds the open connections of a process, which a stop cuts.
type connSet struct {
	mu     sync.Mutex
	open   map[net.Conn]bool
	closed bool
}

func (c *connSet) add(conn net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.open[conn] = true
	return true
}

func (c *connSet) remove(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, conn)
}

func (c *connSet) closeAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for conn := range c.open {
		conn.Close()
	}
}

// guard is a listener that lets no banned client in. The kernel has completed
// the handshake by then: the client sees a connection that is closed at once,
// or reset when it has already sent something.
type guard struct {
	net.Listener
	s        *Server
	p        *process
	throttle bool
}

func (g *guard) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if g.s.admits(g.p, conn.RemoteAddr(), g.throttle) && g.p.conns.add(conn) {
			return &trackedConn{Conn: conn, set: &g.p.conns}, nil
		}
		conn.Close()
	}
}

type trackedConn struct {
	net.Conn
	set *connSet
}

func (c *trackedConn) Close() error {
	c.set.remove(c.Conn)
	return c.Conn.Close()
}

// admits asks the ban list and, on SMTP, the connection throttle.
func (s *Server) admits(p *process, addr net.Addr, throttle bool) bool {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	ip := hostOf(addr)
	if s.banned(p, ip) || s.faults.take(DropConnection, "", "") != nil {
		return false
	}
	if !throttle || !p.active.throttle {
		return true
	}
	return windowOf(p.perSecond, ip).count(s.now(), time.Second) <= 5
}

func hostOf(addr net.Addr) string {
	host, _, err := net.SplitHostPort(addr.String())
	if err != nil {
		return addr.String()
	}
	return host
}

// listen binds the listeners of the options and those of x:NetworkListener
// whose bind is a loopback address. Wildcard binds are kept on record only, unless
// the options say otherwise.
func (s *Server) listen(p *process) error {
	plain := []struct {
		addr     *string
		wanted   string
		implicit bool
		smtp     bool
	}{
		{&s.httpAddr, s.opts.HTTPAddr, false, false},
		{&s.submissionAddr, s.opts.SubmissionAddr, false, true},
		{&s.submissionsAddr, s.opts.SubmissionsAddr, true, true},
	}
	for _, l := range plain {
		if l.wanted == "-" || l.smtp && (p.mode != "" || !s.isRegistered(*l.addr)) {
			continue
		}
		bound, err := s.bind(p, chosen(*l.addr, l.wanted), l.smtp, l.implicit)
		if err != nil {
			return err
		}
		*l.addr = bound
	}
	return s.listenRegistered(p)
}

// chosen prefers the port of the first start.
func chosen(known, wanted string) string {
	switch {
	case known != "":
		return known
	case wanted != "":
		return wanted
	}
	return "127.0.0.1:0"
}

func (s *Server) bind(p *process, addr string, smtp, implicit bool) (string, error) {
	inner, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", addr)
	if err != nil {
		return "", err
	}
	var l net.Listener = &guard{Listener: inner, s: s, p: p, throttle: smtp}
	p.listeners = append(p.listeners, l)
	if implicit {
		l = tls.NewListener(l, s.tlsConfig(p))
	}
	p.work.Go(func() {
		if smtp {
			s.serveSMTP(p, l, implicit)
			return
		}
		s.serveHTTP(p, l)
	})
	return inner.Addr().String(), nil
}

func (s *Server) serveHTTP(p *process, l net.Listener) {
	server := &http.Server{
		Handler:           &httpHandler{s: s, p: p},
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	server.Serve(l)
	server.Close()
}

// tlsConfig looks the certificate up at each handshake, because an action may
// change it.
func (s *Server) tlsConfig(p *process) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			s.store.mu.Lock()
			defer s.store.mu.Unlock()
			if named := p.served.of(hello.ServerName); named != nil {
				return named, nil
			}
			return p.certificate, nil
		},
	}
}

// listenRegistered binds what clients have created as x:NetworkListener. A port
// that is taken or not ours is skipped, as Stalwart only logs it.
func (s *Server) listenRegistered(p *process) error {
	for _, l := range s.registeredListeners() {
		if p.mode != "" {
			return nil
		}
		for _, bind := range members(l["bind"]) {
			addr, err := netip.ParseAddrPort(bind)
			protocol := str(l["protocol"])
			if err != nil || !s.opts.Wildcards && !addr.Addr().IsLoopback() || s.isBound(bind) || protocol != "smtp" && protocol != "http" {
				continue
			}
			s.bind(p, bind, protocol == "smtp", yes(l["tlsImplicit"]))
		}
	}
	return nil
}

// isRegistered tells whether a listener of the options still has its object.
// Before the first start there is none, and 0.15 keeps listeners in a file.
func (s *Server) isRegistered(addr string) bool {
	if !s.registered[addr] {
		return true // a second process on a store keeps its listeners to itself
	}
	listeners := s.registeredListeners()
	for _, l := range listeners {
		if sub(l["bind"])[addr] == true {
			return true
		}
	}
	return len(listeners) == 0
}

func (s *Server) isBound(addr string) bool {
	return addr == s.httpAddr || addr == s.submissionAddr || addr == s.submissionsAddr
}

func (s *Server) registeredListeners() []object {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	var out []object
	for _, id := range s.store.ids("NetworkListener") {
		out = append(out, cloneObject(s.store.table("NetworkListener")[id]))
	}
	return out
}
