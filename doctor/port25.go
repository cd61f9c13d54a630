package doctor

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"time"
)

// greetingTimeout is for all connections to port 25: whoever wants mail greets soon.
const greetingTimeout = 5 * time.Second

const (
	wantGreeting = "220 from an outside server on port 25"
	todoPort25   = "ask your provider to open outgoing port 25, which many close; or the server is down: try another with --port25"
)

// How many are tried: one server that is down says nothing about our way out.
const (
	exchangersTried = 3
	addressesTried  = 4 // of each
)

// checkPort25 connects to outside servers as the delivery of mail does. It stands where
// doctor runs, so run it in the cluster.
func checkPort25(ctx context.Context, e *Env) []Finding {
	hosts, not := e.outside(ctx)
	if not != nil {
		return []Finding{*not}
	}
	ctx, cancel := context.WithTimeout(ctx, greetingTimeout)
	defer cancel()
	return []Finding{best(each(hosts, width, func(host string) []Finding { return e.greetings(ctx, host, cancel) }))}
}

// outside are servers of somebody else, the preferred ones first, or why there are none.
func (e *Env) outside(ctx context.Context) ([]string, *Finding) {
	hosts := []string{e.Port25}
	if e.Port25 == "" && e.ProofDomain == "" {
		f := unknown("outgoing port 25", wantGreeting, "nobody is configured to connect to", "name a mail server with --port25 HOST, or set dkim.proofRecipient")
		return nil, &f
	}
	if e.Port25 == "" {
		published, err := e.lookup(ctx, e.ProofDomain, "MX")
		if err != nil {
			f := could("outgoing port 25", wantGreeting, err, todoDNS)
			return nil, &f
		}
		hosts = exchangers(published)
		if len(hosts) == 0 || hosts[0] == "" {
			hosts = []string{e.ProofDomain} // the implicit MX (RFC 5321, section 5.1)
		}
	}
	hosts = slices.Clone(hosts[:min(len(hosts), exchangersTried)])
	for i, host := range hosts {
		if _, _, err := net.SplitHostPort(host); err != nil {
			hosts[i] = net.JoinHostPort(strings.Trim(host, "[]"), "25")
		}
	}
	return hosts, nil
}

// greetings tries all addresses of a server at once: the way out of one family may be
// closed, or nowhere. enough ends all other tries.
func (e *Env) greetings(ctx context.Context, server string, enough func()) []Finding {
	addresses, err := e.addressesOf(ctx, server)
	if err != nil {
		return []Finding{judgeGreeting(server, "", err)}
	}
	return each(addresses[:min(len(addresses), addressesTried)], addressesTried, func(address string) []Finding {
		line, err := greeting(ctx, address)
		f := judgeGreeting(server, line, err)
		if f.Verdict == OK {
			enough()
		}
		return []Finding{f}
	})
}

// addressesOf are those of a server as the outside knows them: a cluster's own DNS may
// know others.
func (e *Env) addressesOf(ctx context.Context, server string) ([]string, error) {
	host, port, err := net.SplitHostPort(server)
	if err != nil || net.ParseIP(host) != nil {
		return []string{server}, nil
	}
	all, err := names{view{env: e}}.LookupIPAddr(ctx, host)
	var addresses []string
	for _, a := range all {
		addresses = append(addresses, net.JoinHostPort(a.String(), port))
	}
	if err == nil && len(addresses) == 0 {
		err = &net.DNSError{Err: "no such record", Name: host, IsNotFound: true}
	}
	return addresses, err
}

// greeting is the first line that a server sends.
func greeting(ctx context.Context, address string) (string, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return "", err //nolint:wrapcheck // it is told in other words
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	line, err := bufio.NewReader(io.LimitReader(conn, 1000)).ReadString('\n')
	if err == nil {
		_, _ = io.WriteString(conn, "QUIT\r\n") // a courtesy
	} else if ctx.Err() != nil {
		err = ctx.Err()
	}
	return strings.TrimSpace(line), err //nolint:wrapcheck // it is told in other words
}

// dial connects to the first address of a server that answers; one that does not leaves
// time for the next.
func (e *Env) dial(ctx context.Context, server string) (net.Conn, error) {
	all, err := e.addressesOf(ctx, server)
	for _, address := range all {
		var conn net.Conn
		conn, err = (&net.Dialer{Timeout: shakeTimeout / 2}).DialContext(ctx, "tcp", address)
		if err == nil {
			return conn, nil
		}
	}
	return nil, err //nolint:wrapcheck // it is told in other words
}

// best is what several servers show together: one that greets is enough.
func best(all []Finding) Finding {
	order := []Verdict{OK, Warning, Wrong, Unknown} // a name that is not found says less than a port that is silent
	slices.SortStableFunc(all, func(a, b Finding) int { return slices.Index(order, a.Verdict) - slices.Index(order, b.Verdict) })
	f := all[0]
	var others []string
	for _, other := range all[1:] {
		if f.Verdict == Wrong && !slices.Contains(others, other.Object+": "+other.Got) {
			others = append(others, other.Object+": "+other.Got)
		}
	}
	if len(others) > 0 {
		f.Got += "; " + strings.Join(others, "; ")
	}
	return f
}

// judgeGreeting says whether mail can get out. No answer at all is what a closed port
// looks like; a name that is not found says nothing about the port.
func judgeGreeting(address, line string, err error) Finding {
	f := Finding{Object: "outgoing " + address, Verdict: Wrong, Want: wantGreeting, Got: shown(line), Todo: todoPort25}
	var name *net.DNSError
	switch {
	case errors.As(err, &name):
		f.Verdict, f.Got, f.Todo = Unknown, "the name cannot be resolved", "try another server with --port25"
	case err != nil && line == "":
		f.Got = told(err)
	case strings.HasPrefix(line, "220"):
		f.Verdict, f.Todo = OK, ""
	case strings.HasPrefix(line, "4"), strings.HasPrefix(line, "5"):
		f.Verdict, f.Todo = Warning, "the port is open, and this server does not want us: see whether the outgoing address is on a block list"
	default:
		f.Todo = "something answers that is no mail server: see whether a proxy or a firewall takes outgoing port 25"
	}
	return f
}
