package resolver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// Config says whom to ask, and how long to wait. The zero value asks whom the public
// DNS and the system name.
type Config struct {
	Servers   []string      // authoritative, host:port or host; empty: from the zone's NS records
	Recursive string        // host:port or host; empty: those of /etc/resolv.conf
	Timeout   time.Duration // of one try; 0: 1.5 s. A server gets two by UDP and one by TCP
	Parallel  int           // questions under way at once; 0: 16

	// Dial connects to a server by "udp" or "tcp"; nil: a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Resolver asks name servers. It is safe for concurrent use.
type Resolver struct {
	config Config
	slots  chan struct{}

	mu   sync.Mutex
	cuts map[string]cut      // the zones that were found, by name
	told map[string]referral // what the zones above say of them, by name
}

// Errors that callers tell apart.
var (
	// ErrName is a name or a type that cannot be asked about.
	ErrName = errors.New("this is no name or no type of the DNS")
	// ErrNoServers means that the authoritative servers were not found.
	ErrNoServers = errors.New("the name servers were not found")
	// ErrNoAnswer means that no recursive server gave an answer.
	ErrNoAnswer = errors.New("no recursive server gave an answer")
)

// New checks a configuration and fills in what it leaves open. It asks nobody.
func New(c Config) (*Resolver, error) {
	servers := make([]string, 0, len(c.Servers))
	for _, s := range c.Servers {
		at, err := address(s)
		if err != nil {
			return nil, err
		}
		servers = append(servers, at)
	}
	c.Servers = servers
	if c.Recursive != "" {
		at, err := address(c.Recursive)
		if err != nil {
			return nil, err
		}
		c.Recursive = at
	}
	if c.Timeout <= 0 {
		c.Timeout = 1500 * time.Millisecond
	}
	if c.Parallel <= 0 {
		c.Parallel = 16
	}
	if c.Dial == nil {
		c.Dial = (&net.Dialer{}).DialContext
	}
	return &Resolver{config: c, slots: make(chan struct{}, c.Parallel), cuts: map[string]cut{}, told: map[string]referral{}}, nil
}

// address completes a server's address with the port of the DNS.
func address(server string) (string, error) {
	host, port, err := net.SplitHostPort(server)
	if err != nil {
		host, port = strings.Trim(server, "[]"), "53"
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || host == "" || strings.ContainsAny(host, " /[]") {
		return "", fmt.Errorf("%q is no host:port of a name server", server)
	}
	return net.JoinHostPort(host, port), nil
}

// recursives are the recursive servers, read anew each time: the file may change.
func (r *Resolver) recursives() ([]string, error) {
	if r.config.Recursive != "" {
		return []string{r.config.Recursive}, nil
	}
	file, err := dns.ClientConfigFromFile("/etc/resolv.conf")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoAnswer, err)
	}
	all := make([]string, 0, len(file.Servers))
	for _, s := range file.Servers {
		all = append(all, net.JoinHostPort(s, file.Port))
	}
	return all, nil
}

// question checks and completes what is asked: names are absolute, always.
func question(name, kind string) (dns.Question, error) {
	number, known := dns.StringToType[kind]
	if _, valid := dns.IsDomainName(name); !valid || !known || name == "" {
		return dns.Question{}, fmt.Errorf("%w: %q %q", ErrName, name, kind)
	}
	return dns.Question{Name: dns.CanonicalName(name), Qtype: number, Qclass: dns.ClassINET}, nil
}
