package outside

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/openova-io/smtp-mirror/zone"
)

// Mood is how a name server behaves.
type Mood int

// The moods.
const (
	Honest   Mood = iota
	ServFail      // answers SERVFAIL to everything
	Gone          // answers nothing
	Stale         // answers, but takes nothing new
)

// Lie may replace what a server says about a TXT name; false lets the truth pass. No
// values are a denial.
type Lie func(name string, truth []string) (values []string, lies bool)

// NameServer is one authoritative server, over UDP and TCP.
type NameServer struct {
	addr     string
	zones    []string
	negative time.Duration
	udp, tcp *dns.Server

	mu     sync.Mutex
	sets   map[key][]zone.Record
	past   []change
	latest int // publication that it holds
	mood   Mood
	lie    Lie
	asked  int
}

// change is one set of records from an instant on.
type change struct {
	at     time.Time
	key    key
	values []string
}

// startServer listens on a free port of 127.0.0.1.
func startServer(zones []string, negative time.Duration) (*NameServer, error) {
	s := &NameServer{zones: zones, negative: negative, sets: map[key][]zone.Record{}}
	tcp, udp, err := listenBoth()
	if err != nil {
		return nil, err
	}
	s.addr = tcp.Addr().String()
	var ready sync.WaitGroup
	ready.Add(2)
	s.udp = &dns.Server{PacketConn: udp, Handler: s, NotifyStartedFunc: ready.Done}
	s.tcp = &dns.Server{Listener: tcp, Handler: s, NotifyStartedFunc: ready.Done}
	go func() { _ = s.udp.ActivateAndServe() }() // ends with close
	go func() { _ = s.tcp.ActivateAndServe() }()
	ready.Wait()
	return s, nil
}

// listenBoth finds a port that is free for TCP and UDP.
func listenBoth() (net.Listener, net.PacketConn, error) {
	var problems []error
	for range 20 {
		tcp, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, nil, fmt.Errorf("listening for DNS: %w", err)
		}
		udp, err := (&net.ListenConfig{}).ListenPacket(context.Background(), "udp", tcp.Addr().String())
		if err == nil {
			return tcp, udp, nil
		}
		problems = append(problems, err, tcp.Close())
	}
	return nil, nil, fmt.Errorf("listening for DNS: %w", errors.Join(problems...))
}

func (s *NameServer) close() error { return errors.Join(s.udp.Shutdown(), s.tcp.Shutdown()) }

// Addr is host:port.
func (s *NameServer) Addr() string { return s.addr }

// Be changes how it behaves. One that is not stale any more takes what was published
// meanwhile with the next publication.
func (s *NameServer) Be(m Mood) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mood = m
}

// Tell makes it lie; nil ends it.
func (s *NameServer) Tell(l Lie) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lie = l
}

// Asked counts the queries so far.
func (s *NameServer) Asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// take replaces everything that it knows, unless it is stale or holds something newer.
func (s *NameServer) take(all map[key][]zone.Record, number int, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mood == Stale || number <= s.latest {
		return
	}
	s.latest = number
	for k := range s.sets {
		if _, stays := all[k]; !stays {
			s.past = append(s.past, change{now, k, nil})
		}
	}
	for k, records := range all {
		if values := valuesOf(records); !equal(valuesOf(s.sets[k]), values) {
			s.past = append(s.past, change{now, k, values})
		}
	}
	s.sets = all
}

func valuesOf(records []zone.Record) []string {
	var values []string
	for _, r := range records {
		values = append(values, r.Value)
	}
	return values
}

// Knew reports whether it held a value at an instant, and since when.
func (s *NameServer) Knew(name, kind, value string, at time.Time) (since time.Time, knew bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.past {
		if c.key != (key{canonical(name), kind}) || c.at.After(at) {
			continue
		}
		switch has := contains(c.values, value); {
		case has && !knew:
			since, knew = c.at, true
		case !has:
			knew = false
		}
	}
	return since, knew
}

// Held reports whether it held any record of a name and type at an instant, and since
// when without a break.
func (s *NameServer) Held(name, kind string, at time.Time) (since time.Time, held bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.past {
		if c.key != (key{canonical(name), kind}) || c.at.After(at) {
			continue
		}
		if len(c.values) > 0 && !held {
			since = c.at
		}
		held = len(c.values) > 0
	}
	return since, held
}

func contains(values []string, value string) bool {
	for _, v := range values {
		if v == value {
			return true
		}
	}
	return false
}

func equal(a, b []string) bool {
	return len(a) == len(b) && strings.Join(a, "\x00") == strings.Join(b, "\x00")
}
