package crowd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/internal/nodetest"
	"github.com/openova-io/smtp-mirror/internal/rig"
	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/rollout"
)

// pace is the time from one greeting to the next dial: just below the 5 connections
// in a second that Stalwart takes from one address. It counts from the greeting,
// because a server that is busy accepts later than we dial.
const pace = 205 * time.Millisecond

// consumer is the one process of a Pod.
type consumer struct {
	crowd  *Crowd
	who    string
	login  Login
	ready  time.Time
	linger time.Duration
	once   sync.Once
	ending chan struct{}
	done   chan struct{}
}

// run starts a Pod's container: what it reads now, it keeps.
func (c *Crowd) run(ctx context.Context, pod *corev1.Pod, container corev1.Container) (nodetest.Process, error) {
	env := map[string]string{}
	for _, e := range container.Env {
		env[e.Name] = e.Value
	}
	secret, err := c.o.Rig.Admin.CoreV1().Secrets(pod.Namespace).Get(ctx, env["SECRET"], metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading the credential: %w", err)
	}
	user, password := string(secret.Data["smtp-user"]), string(secret.Data["smtp-pass"])
	if user == "" || password == "" {
		return nil, fmt.Errorf("the secret %s has no credential", env["SECRET"])
	}
	generation := pod.Annotations[rollout.AnnotationOf(c.o.Submission)]
	p := &consumer{crowd: c, who: fmt.Sprintf("%s (generation %q)", pod.Name, generation), ready: time.Now().Add(within(c.o.Startup)), linger: within(c.o.Linger), ending: make(chan struct{}), done: make(chan struct{}),
		login: Login{Address: c.o.Rig.Mail.SubmissionAddr(), From: c.address(), ServerName: rig.MailHost, Roots: c.roots, User: user, Password: redact.New(password), Sender: c.o.Sender}}
	c.mu.Lock()
	defer c.mu.Unlock()
	if isClosed(c.finished) {
		return nil, nil
	}
	c.book.started(generation)
	c.work.Go(func() { p.live(c.life) })
	return p, nil
}

// address is one that no other Pod of the crowd has: 127.0.0.2 and upwards.
func (c *Crowd) address() net.IP {
	n := c.last.Add(1)
	return net.IPv4(127, byte(n>>16), byte(n>>8), byte(n))
}

// live logs in until the Pod has ended.
func (p *consumer) live(ctx context.Context) {
	defer close(p.done)
	for ctx.Err() == nil && !isClosed(p.ending) && !isClosed(p.crowd.finished) {
		began := time.Now()
		a := p.login.Try(ctx)
		if ctx.Err() != nil {
			return
		}
		p.crowd.book.note(a, p.who, p.login.Password, began)
		next := began.Add(pace)
		if !a.Greeted.IsZero() {
			next = a.Greeted.Add(pace)
		}
		select {
		case <-time.After(time.Until(next)):
		case <-ctx.Done():
		}
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// Ready is nil once it has started. It logs in before.
func (p *consumer) Ready(context.Context) error {
	if time.Now().Before(p.ready) {
		return errStarting
	}
	return nil
}

var errStarting = errors.New("starting")

// Stop lets it finish its work, and waits.
func (p *consumer) Stop() error {
	select {
	case <-time.After(p.linger):
	case <-p.done:
	}
	p.once.Do(func() { close(p.ending) })
	<-p.done
	return nil
}

// Done is closed when it has ended.
func (p *consumer) Done() <-chan struct{} { return p.done }
