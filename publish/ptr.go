package publish

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/watcher"
	"github.com/openova-io/smtp-mirror/zone"
)

// PTR keeps reverse names in the Hetzner Cloud. Its exported fields are set once; the
// loop never runs it twice at once.
type PTR struct {
	Endpoint string // URL of the API, "" = Hetzner's own
	Ref      corev1.ObjectReference
	Token    func() (*corev1.Secret, error) // with token
	Wanted   func() ([]zone.Record, error)  // of these the PTR are taken
	// Lookup asks every authoritative server for the addresses of a host, and gives those
	// that all answer with: a reverse name whose host does not lead back is worse than
	// none. No recursive server may be asked: the addresses may not be published yet.
	Lookup  func(ctx context.Context, host string) ([]netip.Addr, error)
	HTTP    *http.Client  // nil = the system's
	Every   time.Duration // look again after this time, as nothing tells of changes; 0 = 5 minutes
	Timeout time.Duration // for everything about one address; 0 = 15 s
	DryRun  bool
}

const ptrTimeout = 15 * time.Second

// pause is when to look again where everything is right, or a person has to decide.
func pause(configured time.Duration) time.Duration {
	const standard = 5 * time.Minute
	return cmp.Or(configured, standard)
}

// Reconcile looks at each address and sets its reverse name where it differs.
func (p *PTR) Reconcile(ctx context.Context) (watcher.Result, error) {
	result := watcher.Result{Outcome: watcher.Converged, Regarding: p.Ref, After: pause(p.Every)}
	wanted, err := p.Wanted()
	if err != nil {
		return result, err
	}
	wanted = slices.DeleteFunc(slices.Clone(wanted), func(r zone.Record) bool { return r.Type != "PTR" })
	if len(wanted) == 0 {
		return result, nil
	}
	token, err := p.token()
	if err != nil {
		return result, err
	}
	var first error
	var would []string
	for _, r := range wanted {
		done, err := p.address(ctx, p.connect(token), r)
		if first == nil {
			first = err
		}
		switch {
		case done != "" && p.DryRun:
			would = append(would, done)
		case done != "":
			result.Changes = append(result.Changes, watcher.Change{Reason: ChangedPTR, Action: "SetPTR", Message: done, Writes: 1, Regarding: p.Ref})
		}
	}
	if first == nil && len(would) > 0 {
		result.Reason, result.Message = ReasonWouldPublish, "would set: "+strings.Join(would, "; ")
	}
	return result, first
}

// token takes the token out of its Secret.
func (p *PTR) token() (redact.Secret, error) {
	s, err := p.Token()
	if err != nil {
		return redact.Secret{}, err
	}
	missing := func(text string) (redact.Secret, error) {
		return redact.Secret{}, &watcher.HoldError{Why: ReasonHetznerTokenMissing, Text: text}
	}
	if s == nil {
		return missing("the Secret with the token of the Hetzner Cloud does not exist")
	}
	token := strings.TrimSpace(string(s.Data["token"]))
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return missing("the Secret " + s.Namespace + "/" + s.Name + " has no usable key token")
	}
	return redact.New(token), nil
}

// address makes one reverse name true. It says what it has done, even where that was
// not to be seen afterwards.
func (p *PTR) address(ctx context.Context, h hetzner, want zone.Record) (done string, err error) {
	addr, ok := addressOf(want.Name)
	if !ok {
		return "", &watcher.HoldError{Why: ReasonRecordInvalid, Text: "the PTR " + want.Name + " that is wanted is no reverse name"}
	}
	timeout := p.Timeout
	if timeout == 0 {
		timeout = ptrTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	has, err := p.find(ctx, h, addr)
	if err != nil {
		return "", err
	}
	current, host := has.current(addr), strings.TrimSuffix(want.Value, ".")
	switch {
	case same(current, host):
		return "", nil
	case !replaceable(current):
		return "", &watcher.HoldError{Why: ReasonForeignPTR, After: pause(p.Every),
			Text: fmt.Sprintf("the reverse name of %s (%s) is %q, which is not ours: set it to %s by hand, or reset it to the default", addr, has.what, zone.Shown(current), host)}
	}
	if err := p.confirm(ctx, host, addr); err != nil {
		return "", err
	}
	done = fmt.Sprintf("%s of %s: %s", addr, has.what, host)
	if p.DryRun {
		return done, nil
	}
	if err := h.set(ctx, has, addr, host); err != nil {
		return "", h.judge("setting the reverse name of "+addr.String(), err)
	}
	return done, p.verify(ctx, h, addr, host)
}

func (p *PTR) find(ctx context.Context, h hetzner, addr netip.Addr) (*holder, error) {
	has, err := h.find(ctx, addr)
	if err != nil {
		return nil, h.judge("looking for "+addr.String(), err)
	}
	if has == nil {
		return nil, &watcher.HoldError{Why: ReasonAddressNotFound, After: tokenPause,
			Text: fmt.Sprintf("no load balancer, server, floating or primary IP in the project of the token has %s: use a token of the project that has it", addr)}
	}
	return has, nil
}

// confirm looks whether the host leads to the address (RFC 8499, FCrDNS).
func (p *PTR) confirm(ctx context.Context, host string, addr netip.Addr) error {
	all, err := p.Lookup(ctx, host)
	if err != nil {
		return &watcher.HoldError{Why: ReasonNotForwardConfirmed, After: refusedPause, Grace: busyGrace, Text: host + " cannot be resolved, so its reverse name is not set"}
	}
	if !slices.ContainsFunc(all, func(a netip.Addr) bool { return a.Unmap() == addr }) {
		return &watcher.HoldError{Why: ReasonNotForwardConfirmed, After: refusedPause, Grace: busyGrace, Text: fmt.Sprintf("%s does not lead to %s in the public DNS, so the reverse name is not set: publish its address first", host, addr)}
	}
	return nil
}

// verify reads back.
func (p *PTR) verify(ctx context.Context, h hetzner, addr netip.Addr, host string) error {
	has, err := p.find(ctx, h, addr)
	if err != nil {
		return err
	}
	if !same(has.current(addr), host) {
		return &unsound{ReasonUpdateNotSeen, "the Hetzner Cloud API took the reverse name of " + addr.String() + ", but answers as before"}
	}
	return nil
}

func same(a, b string) bool {
	return strings.EqualFold(strings.TrimSuffix(a, "."), strings.TrimSuffix(b, "."))
}
