package dnstest

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// Server is one name server, on UDP and TCP of one address.
type Server struct {
	// Addr is host:port that it listens at.
	Addr string

	servers []*dns.Server
	serving sync.WaitGroup
	done    chan struct{}
	close   sync.Once

	mu      sync.Mutex
	zones   *zones
	others  []*Server // whom a recursive server asks
	lies    []Lie
	delay   time.Duration
	garble  func(packet []byte) []byte
	queries []Query
}

// Query is one question that a server got.
type Query struct {
	Name      string // lower case, without the dot at the end
	Type      string // "TXT", "MX", ...
	Network   string // "udp" or "tcp"
	Recursion bool   // recursion was desired
	Size      uint16 // of EDNS0; 0 without
	At        time.Time
}

// Start listens at an address ("127.0.0.1:0" for any port) and answers REFUSED until
// it has a zone. It ends with the context, or with [Server.Close].
func Start(ctx context.Context, addr string) (*Server, error) {
	packets, listener, err := listen(addr)
	if err != nil {
		return nil, fmt.Errorf("dnstest: %w", err)
	}
	s := &Server{Addr: listener.Addr().String(), done: make(chan struct{}), zones: &zones{}}
	s.serve(&dns.Server{PacketConn: packets, Handler: s.handler("udp"), UDPSize: dns.MaxMsgSize})
	s.serve(&dns.Server{Listener: listener, Handler: s.handler("tcp")})
	context.AfterFunc(ctx, s.Close)
	return s, nil
}

// listen takes one port on both networks; where any port would do, another process
// may hold the same number on the other network.
func listen(addr string) (net.PacketConn, net.Listener, error) {
	var err error
	for range 20 {
		var packets net.PacketConn
		if packets, err = net.ListenPacket("udp", addr); err != nil {
			return nil, nil, err
		}
		var listener net.Listener
		if listener, err = net.Listen("tcp", packets.LocalAddr().String()); err == nil {
			return packets, listener, nil
		}
		_ = packets.Close()
		if !strings.HasSuffix(addr, ":0") {
			break
		}
	}
	return nil, nil, err
}

// serve returns when the server has begun, so that Close always finds it running.
func (s *Server) serve(one *dns.Server) {
	started := make(chan struct{})
	one.NotifyStartedFunc = func() { close(started) }
	s.servers = append(s.servers, one)
	s.serving.Go(func() { _ = one.ActivateAndServe() }) // its end is Close
	<-started
}

// Close ends the server and waits for it; a second call does nothing.
func (s *Server) Close() {
	s.close.Do(func() {
		close(s.done)
		for _, one := range s.servers {
			_ = one.Shutdown() // it has begun: it ends
		}
	})
	s.serving.Wait()
}

func (s *Server) handler(network string) dns.HandlerFunc {
	return func(w dns.ResponseWriter, r *dns.Msg) {
		if len(r.Question) != 1 {
			return
		}
		q := asked(r, network)
		s.mu.Lock()
		s.queries = append(s.queries, q)
		delay, garble := s.delay, s.garble
		s.mu.Unlock()
		if !s.wait(delay) {
			return
		}
		m := s.reply(q, r)
		if m == nil {
			return
		}
		packet, err := m.Pack()
		if err != nil {
			return
		}
		if garble != nil {
			packet = garble(packet)
		}
		_, _ = w.Write(packet) // whoever asked has gone
	}
}

func asked(r *dns.Msg, network string) Query {
	q := Query{
		Name: plain(r.Question[0].Name), Type: dns.TypeToString[r.Question[0].Qtype],
		Network: network, Recursion: r.RecursionDesired, At: time.Now(),
	}
	if opt := r.IsEdns0(); opt != nil {
		q.Size = opt.UDPSize()
	}
	return q
}

// reply is what is sent for a question: the truth, fitted into a packet, and then the
// lies. It is nil where nothing is.
func (s *Server) reply(q Query, r *dns.Msg) *dns.Msg {
	s.mu.Lock()
	zones, others, lies := s.zones, s.others, s.lies
	s.mu.Unlock()
	m := zones.answer(r)
	if others != nil {
		m = recurse(others, q, r)
	}
	if q.Size > 0 {
		m.SetEdns0(1232, false)
	}
	if q.Network == "udp" {
		m.Truncate(max(dns.MinMsgSize, int(q.Size)))
	}
	for _, lie := range lies {
		if m == nil {
			return nil
		}
		m = lie(q, m)
	}
	return m
}

// wait is false when the server ends before the time has passed.
func (s *Server) wait(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.done:
		return false
	}
}

// plain is a name in lower case, without the dot at the end.
func plain(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".") }
