package dnstest

import (
	"context"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/miekg/dns"
)

// Lie turns an honest answer into what is sent; nil sends nothing. It may change what
// it is given.
type Lie func(q Query, honest *dns.Msg) *dns.Msg

// Lie makes the server tell these lies, one after the other, in the place of those
// before; none makes it honest again.
func (s *Server) Lie(lies ...Lie) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lies = lies
}

// Slow makes every answer late; 0 ends that.
func (s *Server) Slow(by time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delay = by
}

// Garble changes the bytes of every answer; nil ends that.
func (s *Server) Garble(change func(packet []byte) []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.garble = change
}

// Recurse makes this a recursive server that knows what these say; with none it is
// an authoritative one again.
func (s *Server) Recurse(servers ...*Server) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.others = servers
}

// Queries are all questions so far, in the order in which they came.
func (s *Server) Queries() []Query {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.queries)
}

// Asked counts the questions about a name, of whatever type.
func (s *Server) Asked(name string) int {
	count := 0
	for _, q := range s.Queries() {
		if q.Name == plain(name) {
			count++
		}
	}
	return count
}

// ServFail answers SERVFAIL.
func ServFail(_ Query, m *dns.Msg) *dns.Msg { return code(m, dns.RcodeServerFailure) }

// Refused answers REFUSED.
func Refused(_ Query, m *dns.Msg) *dns.Msg { return code(m, dns.RcodeRefused) }

// Silent answers nothing.
func Silent(Query, *dns.Msg) *dns.Msg { return nil }

// Lame says nothing and claims no authority, as a server does that lost the zone.
func Lame(_ Query, m *dns.Msg) *dns.Msg {
	m = code(m, dns.RcodeSuccess)
	m.Authoritative = false
	return m
}

// WrongID answers with the id of another question.
func WrongID(_ Query, m *dns.Msg) *dns.Msg {
	m.Id++
	return m
}

// WrongQuestion answers another question.
func WrongQuestion(_ Query, m *dns.Msg) *dns.Msg {
	m.Question[0].Name = "other." + m.Question[0].Name
	return m
}

// Truncated leaves everything out over UDP and asks to come by TCP.
func Truncated(q Query, m *dns.Msg) *dns.Msg {
	if q.Network == "udp" {
		m = code(m, dns.RcodeSuccess)
		m.Truncated = true
	}
	return m
}

// Authentic sets AD, as a recursive server does that validates.
func Authentic(_ Query, m *dns.Msg) *dns.Msg {
	m.AuthenticatedData = true
	return m
}

// Says answers with these records, lines of a zone file with absolute names; a line
// that is none is a mistake in the test: it panics at once.
func Says(lines ...string) Lie {
	var set []dns.RR
	for _, line := range lines {
		rr, err := dns.NewRR(line)
		if err != nil || rr == nil {
			panic(fmt.Sprintf("dnstest: %q is no record: %v", line, err))
		}
		set = append(set, rr)
	}
	return func(_ Query, m *dns.Msg) *dns.Msg {
		m = code(m, dns.RcodeSuccess)
		for _, rr := range set {
			m.Answer = append(m.Answer, dns.Copy(rr))
		}
		return m
	}
}

// About tells a lie only to questions about this name; kind "" is every type.
func About(name, kind string, lie Lie) Lie {
	return func(q Query, m *dns.Msg) *dns.Msg {
		if q.Name != plain(name) || kind != "" && kind != q.Type {
			return m
		}
		return lie(q, m)
	}
}

// code empties an answer and gives it a response code.
func code(m *dns.Msg, rcode int) *dns.Msg {
	m.Rcode, m.Answer, m.Ns = rcode, nil, nil
	return m
}

// Garbage leaves the header and the id, and makes noise of the rest.
func Garbage(packet []byte) []byte {
	noise := slices.Clone(packet)
	for i := 12; i < len(noise); i++ {
		noise[i] = byte(i*7 + 0xc0)
	}
	return noise
}

// Dialer leads port 53 of a server's address to the port that it really has, and
// everything else to where it says.
func Dialer(servers ...*Server) func(ctx context.Context, network, address string) (net.Conn, error) {
	really := map[string]string{}
	for _, s := range servers {
		host, _, err := net.SplitHostPort(s.Addr)
		if err == nil {
			really[net.JoinHostPort(host, "53")] = s.Addr
		}
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if at, ours := really[address]; ours {
			address = at
		}
		var d net.Dialer
		return d.DialContext(ctx, network, address)
	}
}
