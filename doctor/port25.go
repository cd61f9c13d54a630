package doctor

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"time"
)

// greetingTimeout is for one connection to port 25: whoever wants mail greets soon.
const greetingTimeout = 5 * time.Second

const (
	wantGreeting = "220 from an outside server on port 25"
	todoPort25   = "ask your provider to open outgoing port 25, which many close; or the server is down: try another with --port25"
)

// checkPort25 connects to an outside server as the delivery of mail does. It stands
// where doctor runs, so run it in the cluster.
func checkPort25(ctx context.Context, e *Env) []Finding {
	address, not := e.outside(ctx)
	if not != nil {
		return []Finding{*not}
	}
	line, err := e.greeting(ctx, address)
	return []Finding{judgeGreeting(address, line, err)}
}

// outside is a server of somebody else, or why there is none.
func (e *Env) outside(ctx context.Context) (string, *Finding) {
	host := e.Port25
	if host == "" && e.ProofDomain == "" {
		f := unknown("outgoing port 25", wantGreeting, "nobody is configured to connect to", "name a mail server with --port25 HOST, or set dkim.proofRecipient")
		return "", &f
	}
	if host == "" {
		published, err := e.lookup(ctx, e.ProofDomain, "MX")
		if err != nil {
			f := could("outgoing port 25", wantGreeting, err, todoDNS)
			return "", &f
		}
		hosts := exchangers(published)
		if len(hosts) == 0 || hosts[0] == "" {
			hosts = []string{e.ProofDomain} // the implicit MX (RFC 5321, section 5.1)
		}
		host = hosts[0]
	}
	if _, _, err := net.SplitHostPort(host); err != nil {
		host = net.JoinHostPort(strings.Trim(host, "[]"), "25")
	}
	return host, nil
}

// greeting is the first line that a server sends.
func (e *Env) greeting(ctx context.Context, address string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, greetingTimeout)
	defer cancel()
	conn, err := e.dial(ctx, address)
	if err != nil {
		return "", err //nolint:wrapcheck // it is told in other words
	}
	defer func() { _ = conn.Close() }()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return "", err //nolint:wrapcheck // it is told in other words
	}
	line, err := bufio.NewReader(io.LimitReader(conn, 1000)).ReadString('\n')
	if err == nil {
		_, _ = io.WriteString(conn, "QUIT\r\n") // a courtesy
	}
	return strings.TrimSpace(line), err
}

// dial connects to a host as the outside knows it: a cluster's own DNS may know
// another address. An address that does not answer leaves time for the next.
func (e *Env) dial(ctx context.Context, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil || net.ParseIP(host) != nil {
		return (&net.Dialer{}).DialContext(ctx, "tcp", address) //nolint:wrapcheck // it is told in other words
	}
	all, err := names{view{env: e}}.LookupIPAddr(ctx, host)
	for _, a := range all {
		var conn net.Conn
		conn, err = (&net.Dialer{Timeout: shakeTimeout / 2}).DialContext(ctx, "tcp", net.JoinHostPort(a.String(), port))
		if err == nil {
			return conn, nil
		}
	}
	return nil, err //nolint:wrapcheck // it is told in other words
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
