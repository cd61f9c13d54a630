package publish_test

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
	"go.uber.org/goleak"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/internal/dnsservers"
	"github.com/openova-io/smtp-mirror/publish"
	"github.com/openova-io/smtp-mirror/watcher"
	"github.com/openova-io/smtp-mirror/zone"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	domain = "example.com"
	owner  = "kit"
)

// tsigSecret must be in no text that is printed.
var tsigSecret = base64.StdEncoding.EncodeToString([]byte("only for this test, thirty-two b"))

func key(name string) dnsservers.Key {
	return dnsservers.Key{Name: name, Algorithm: "hmac-sha256", Secret: tsigSecret}
}

func keySecret(name, algorithm, secret string) func() (*corev1.Secret, error) {
	return func() (*corev1.Secret, error) {
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "mail", Name: "tsig"}, Data: map[string][]byte{
			"name": []byte(name), "algorithm": []byte(algorithm), "secret": []byte(secret + "\n")}}, nil
	}
}

// primary is a publisher in front of a real name server.
type primary struct {
	*publish.DNSUpdate
	t      *testing.T
	server *dnsservers.Server
	tap    *tap
	wanted []zone.Record
}

// primaries runs a test with every real server that is there.
func primaries(t *testing.T, records []string, test func(p *primary)) {
	for name, start := range dnsservers.Starters() {
		t.Run(name, func(t *testing.T) {
			s, err := start(t.Context(), dnsservers.Options{Zone: domain, Records: records, Keys: []dnsservers.Key{key("updater"), {Name: "strong", Algorithm: "hmac-sha512", Secret: tsigSecret}}, Idle: []dnsservers.Key{key("idle")}})
			if errors.Is(err, dnsservers.ErrUnavailable) {
				t.Skip(err)
			}
			must(t, err)
			t.Cleanup(func() { must(t, s.Close()) })
			p := &primary{t: t, server: s, tap: listen(t, s.Addr())}
			p.DNSUpdate = p.publisher(owner)
			test(p)
		})
	}
}

func (p *primary) publisher(owner string) *publish.DNSUpdate {
	return &publish.DNSUpdate{Server: p.tap.addr(), Zone: domain, Owner: owner, Key: keySecret("updater", "hmac-sha256", tsigSecret), Every: time.Minute,
		Wanted: func() ([]zone.Record, error) { return p.wanted, nil }}
}

// run reconciles once, and looks for the secret in whatever is said.
func (p *primary) run(wanted ...zone.Record) (watcher.Result, error) {
	p.t.Helper()
	p.wanted = wanted
	result, err := p.Reconcile(p.t.Context())
	said := result.Message
	for _, c := range result.Changes {
		said += c.Message
	}
	if err != nil {
		said += err.Error()
	}
	if strings.Contains(said, tsigSecret) {
		p.t.Errorf("the secret is printed: %s", said)
	}
	return result, err
}

// writes is how many updates a run that must succeed makes.
func (p *primary) writes(wanted ...zone.Record) int {
	p.t.Helper()
	before := p.tap.updates()
	result, err := p.run(wanted...)
	must(p.t, err)
	if result.Outcome != watcher.Converged || result.After != time.Minute {
		p.t.Errorf("%+v", result)
	}
	if n := p.tap.updates() - before; n != len(result.Changes) {
		p.t.Errorf("%d updates, %d changes", n, len(result.Changes))
	}
	return len(result.Changes)
}

// look asks the server itself.
func (p *primary) look(name, kind string) []string {
	p.t.Helper()
	client := dns.Client{Net: "tcp", Timeout: 5 * time.Second}
	answer, _, err := client.ExchangeContext(p.t.Context(), new(dns.Msg).SetQuestion(name+".", dns.StringToType[kind]), p.server.Addr())
	must(p.t, err)
	var all []string
	for _, rr := range answer.Answer {
		all = append(all, zone.FromRR(rr).Value)
	}
	slices.Sort(all)
	return all
}

func (p *primary) expect(name, kind string, want ...string) {
	p.t.Helper()
	slices.Sort(want)
	if got := p.look(name, kind); !slices.Equal(got, want) {
		p.t.Errorf("%s %s: %q, want %q", name, kind, got, want)
	}
}

func record(name, kind, value string) zone.Record {
	return zone.Record{Name: name, Type: kind, TTL: 5 * time.Minute, Value: value}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// tap hands messages on, counts the updates that change something, and lets a test do
// something before one.
type tap struct {
	listener net.Listener
	server   string
	wait     sync.WaitGroup

	mu      sync.Mutex
	count   int
	before  func()
	queries string // who is asked instead, "" = the server
}

func listen(t *testing.T, server string) *tap {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	must(t, err)
	p := &tap{listener: l, server: server}
	p.wait.Go(p.accept)
	t.Cleanup(func() { _ = l.Close(); p.wait.Wait() })
	return p
}

func (p *tap) addr() string { return p.listener.Addr().String() }

func (p *tap) updates() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

// once calls f before the next update that changes something.
func (p *tap) once(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.before = f
}

func (p *tap) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.wait.Go(func() { p.serve(c) })
	}
}

func (p *tap) serve(client net.Conn) {
	defer func() { _ = client.Close() }()
	frame := make([]byte, 2) // a connection carries one message
	if _, err := io.ReadFull(client, frame); err != nil {
		return
	}
	frame = append(frame, make([]byte, binary.BigEndian.Uint16(frame))...)
	if _, err := io.ReadFull(client, frame[2:]); err != nil {
		return
	}
	server, err := net.Dial("tcp4", p.see(frame[2:]))
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	if _, err := server.Write(frame); err == nil {
		p.wait.Go(func() { _, _ = io.Copy(io.Discard, client); _ = server.Close() })
		_, _ = io.Copy(client, server)
	}
}

// see counts by the header, the opcode and how many records are to be changed, and
// says who is asked.
func (p *tap) see(m []byte) string {
	p.mu.Lock()
	update, before, server := m[2]>>3&15 == dns.OpcodeUpdate, p.before, p.server
	if !update && p.queries != "" {
		server = p.queries
	}
	changes := update && binary.BigEndian.Uint16(m[8:]) > 0
	if changes {
		p.count++
		p.before = nil
	}
	p.mu.Unlock()
	if changes && before != nil {
		before()
	}
	return server
}
