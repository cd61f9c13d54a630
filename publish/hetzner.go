package publish

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/hetznercloud/hcloud-go/v2/hcloud"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/watcher"
)

// hetzner is the API of the Hetzner Cloud with one token, for one run.
type hetzner struct {
	client *hcloud.Client
	last   *lastAnswer
}

// actionPoll is the pace of asking whether an action is done.
const actionPoll = 200 * time.Millisecond

// connect makes a client that never tries again by itself: the queue does.
func (p *PTR) connect(token redact.Secret) hetzner {
	base := http.Client{}
	if p.HTTP != nil {
		base = *p.HTTP
	}
	if base.Transport == nil {
		base.Transport = http.DefaultTransport
	}
	last := &lastAnswer{next: base.Transport}
	base.Transport = last
	options := []hcloud.ClientOption{hcloud.WithToken(token.Reveal()), hcloud.WithHTTPClient(&base), hcloud.WithApplication("smtp-mirror", ""),
		hcloud.WithRetryOpts(hcloud.RetryOpts{BackoffFunc: hcloud.ConstantBackoff(0)}), hcloud.WithPollOpts(hcloud.PollOpts{BackoffFunc: hcloud.ConstantBackoff(actionPoll)})}
	if p.Endpoint != "" {
		options = append(options, hcloud.WithEndpoint(p.Endpoint))
	}
	return hetzner{hcloud.NewClient(options...), last}
}

// lastAnswer keeps the status and the headers of the newest answer, which the lists of
// the library do not give.
type lastAnswer struct {
	next   http.RoundTripper
	status int // 0 = none came
	header http.Header
}

// RoundTrip sends the request.
func (l *lastAnswer) RoundTrip(r *http.Request) (*http.Response, error) {
	l.status, l.header = 0, nil
	answer, err := l.next.RoundTrip(r)
	if err == nil {
		l.status, l.header = answer.StatusCode, answer.Header
	}
	return answer, err //nolint:wrapcheck // a transport says what the next one says
}

// holder is what has an address, and with it a reverse name.
type holder struct {
	hcloud.RDNSSupporter
	what string
}

// find looks for what has the address. Load balancers first: it is behind one, mostly.
func (h hetzner) find(ctx context.Context, addr netip.Addr) (*holder, error) {
	for _, look := range []func(context.Context, net.IP) (*holder, error){h.loadBalancer, h.floatingIP, h.primaryIP, h.server} {
		found, err := look(ctx, net.IP(addr.AsSlice()))
		if found != nil || err != nil {
			return found, err
		}
	}
	return nil, nil //nolint:nilnil // nothing has it
}

func (h hetzner) loadBalancer(ctx context.Context, ip net.IP) (*holder, error) {
	all, err := h.client.LoadBalancer.All(ctx)
	for _, o := range all {
		if o.PublicNet.IPv4.IP.Equal(ip) || o.PublicNet.IPv6.IP.Equal(ip) {
			return &holder{o, fmt.Sprintf("load balancer %d", o.ID)}, nil
		}
	}
	return nil, err //nolint:wrapcheck // told apart by what the transport saw
}

func (h hetzner) floatingIP(ctx context.Context, ip net.IP) (*holder, error) {
	all, err := h.client.FloatingIP.All(ctx)
	for _, o := range all {
		if o.IP.Equal(ip) || o.Network != nil && o.Network.Contains(ip) {
			return &holder{o, fmt.Sprintf("floating IP %d", o.ID)}, nil
		}
	}
	return nil, err //nolint:wrapcheck // told apart by what the transport saw
}

func (h hetzner) primaryIP(ctx context.Context, ip net.IP) (*holder, error) {
	all, err := h.client.PrimaryIP.All(ctx)
	for _, o := range all {
		if o.IP.Equal(ip) || o.Network != nil && o.Network.Contains(ip) {
			return &holder{o, fmt.Sprintf("primary IP %d", o.ID)}, nil
		}
	}
	return nil, err //nolint:wrapcheck // told apart by what the transport saw
}

func (h hetzner) server(ctx context.Context, ip net.IP) (*holder, error) {
	all, err := h.client.Server.All(ctx)
	for _, o := range all {
		if n := o.PublicNet.IPv6.Network; o.PublicNet.IPv4.IP.Equal(ip) || n != nil && n.Contains(ip) {
			return &holder{o, fmt.Sprintf("server %d", o.ID)}, nil
		}
	}
	return nil, err //nolint:wrapcheck // told apart by what the transport saw
}

// current is the reverse name of an address, "" for none.
func (o *holder) current(addr netip.Addr) string {
	name, err := o.GetDNSPtrForIP(net.IP(addr.AsSlice()))
	if err != nil {
		return "" // its only error says that there is none
	}
	return name
}

// set changes the reverse name, and waits until that is done.
func (h hetzner) set(ctx context.Context, o *holder, addr netip.Addr, name string) error {
	action, _, err := h.client.RDNS.ChangeDNSPtr(ctx, o.RDNSSupporter, net.IP(addr.AsSlice()), &name)
	if err != nil {
		return err //nolint:wrapcheck // told apart by what the transport saw
	}
	return h.client.Action.WaitFor(ctx, action) //nolint:wrapcheck // as above
}

// The pauses after an answer that a person, or only time, has to mend.
const (
	tokenPause = 5 * time.Minute
	busyPause  = 10 * time.Second
	busyGrace  = time.Minute
)

// judge turns an error into what it means, by the status: the texts are the API's and
// may quote the request.
func (h hetzner) judge(what string, err error) error {
	var failed hcloud.ActionError
	status := h.last.status
	hold := func(why, text string, after, grace time.Duration) error {
		return &watcher.HoldError{Why: why, Text: "the Hetzner Cloud API, " + what + ": " + text, After: after, Grace: grace}
	}
	switch {
	case err == nil:
		return nil
	case errors.As(err, &failed):
		return hold(ReasonHetznerBusy, "the action failed with "+failed.Code, busyPause, busyGrace)
	case status == http.StatusUnauthorized:
		return hold(ReasonHetznerTokenRejected, "the token is not known: put a valid one into the Secret", tokenPause, 0)
	case status == http.StatusForbidden:
		return hold(ReasonHetznerForbids, "the token may not do this: it needs Read & Write", tokenPause, 0)
	case status == http.StatusConflict, status == http.StatusLocked, status == http.StatusNotFound:
		return hold(ReasonHetznerBusy, "somebody else is changing it ("+strconv.Itoa(status)+")", busyPause, busyGrace)
	case status == http.StatusTooManyRequests:
		return hold(ReasonHetznerBusy, "too many requests with this token", h.last.pause(), busyGrace)
	case status >= http.StatusBadRequest:
		return &unsound{ReasonHetznerUnavailable, "the Hetzner Cloud API, " + what + ": it answers " + strconv.Itoa(status)}
	}
	return &unsound{ReasonHetznerUnavailable, "the Hetzner Cloud API, " + what + ": it does not answer"}
}

// pause is how long a limit lasts, as far as the answer says (RFC 9110, section
// 10.2.3), within reason.
func (l *lastAnswer) pause() time.Duration {
	if seconds, err := strconv.Atoi(strings.TrimSpace(l.header.Get("Retry-After"))); err == nil {
		return min(max(time.Duration(seconds)*time.Second, time.Second), time.Hour)
	}
	if at, err := strconv.ParseInt(l.header.Get("RateLimit-Reset"), 10, 64); err == nil {
		return min(max(time.Until(time.Unix(at, 0)), busyPause), time.Hour)
	}
	return busyPause
}
