package e2e

import (
	"context"
	"crypto/x509"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/internal/rig"
	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/rollout"
	"github.com/openova-io/smtp-mirror/smtpprobe"
)

const consumerName = "console"

// withRotation keeps credentials for a short overlap and rolls one consumer.
func withRotation(credentials string, overlap time.Duration) func(c *config.Config) {
	return func(c *config.Config) {
		s := &c.Submissions[0]
		s.Credentials, s.Rotation.Overlap.Duration = credentials, overlap
		s.Mirrors[0].Consumers = []config.Consumer{{Kind: "Deployment", Namespace: s.Mirrors[0].Namespace, Name: consumerName}}
	}
}

// crowd are the Pods of a Deployment that behave like real consumers: each reads
// the mirror when it starts, keeps those bytes until it ends, and logs in all the time.
type crowd struct {
	*site
	roots   *x509.CertPool
	done    sync.WaitGroup
	logins  atomic.Int64
	refused atomic.Int64

	mu    sync.Mutex
	seen  map[string]bool  // Pods
	rolls map[string]int64 // generation -> Pods that were made for it
}

func (s *site) crowd(replicas int32) *crowd {
	s.t.Helper()
	labels, grace := map[string]string{"app": consumerName}, int64(0)
	_, err := s.Admin.AppsV1().Deployments(s.Consumer).Create(s.t.Context(), &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: consumerName}, Spec: appsv1.DeploymentSpec{
		Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: labels},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{TerminationGracePeriodSeconds: &grace,
			Containers: []corev1.Container{{Name: "console", Image: "console"}}}},
	}}, metav1.CreateOptions{})
	must(s.t, err)
	text, err := os.ReadFile(s.Rig.Mail.CAFile())
	must(s.t, err)
	c := &crowd{site: s, roots: x509.NewCertPool(), seen: map[string]bool{}, rolls: map[string]int64{}}
	c.roots.AppendCertsFromPEM(text)
	ctx, stop := context.WithCancel(context.Background())
	s.t.Cleanup(func() { stop(); c.done.Wait() })
	c.done.Go(func() { c.watch(ctx) })
	return c
}

// watch starts a consumer for every new Pod, and ends it with its Pod.
func (c *crowd) watch(ctx context.Context) {
	lives := map[string]context.CancelFunc{}
	for ctx.Err() == nil {
		pods, err := c.Admin.CoreV1().Pods(c.Consumer).List(ctx, metav1.ListOptions{LabelSelector: "app=" + consumerName})
		if err == nil {
			there := map[string]bool{}
			for _, p := range pods.Items {
				there[p.Name] = true
				if lives[p.Name] == nil && p.Status.Phase == corev1.PodRunning {
					life, end := context.WithCancel(ctx)
					lives[p.Name] = end
					c.mu.Lock()
					c.rolls[p.Annotations[rollout.AnnotationOf("console")]]++
					c.mu.Unlock()
					c.done.Go(func() { c.consume(life) })
				}
			}
			for name, end := range lives {
				if !there[name] {
					end()
				}
			}
		}
		pause(ctx, 50*time.Millisecond)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// consume is the life of one Pod.
func (c *crowd) consume(ctx context.Context) {
	mirror, err := c.Admin.CoreV1().Secrets(c.Consumer).Get(ctx, rig.MirrorSecret, metav1.GetOptions{})
	if err != nil {
		return
	}
	request := smtpprobe.Request{Address: c.Rig.Mail.SubmissionAddr(), ServerName: "mail.example.test", Roots: c.roots,
		User: string(mirror.Data["smtp-user"]), Password: redact.New(string(mirror.Data["smtp-pass"])), Senders: []string{string(mirror.Data["smtp-from"])}}
	for ctx.Err() == nil {
		got := smtpprobe.Probe(ctx, request)
		if ctx.Err() != nil {
			return
		}
		c.logins.Add(1)
		switch got.Verdict {
		case smtpprobe.Accepted, smtpprobe.Unreachable:
		default:
			c.refused.Add(1)
			c.t.Logf("%s: %s", got.Verdict, got.Detail)
		}
		pause(ctx, 400*time.Millisecond)
	}
}

// rested reports whether the rotation to a password has ended with nothing left
// over: the mirror holds it, and Stalwart knows one credential.
func (c *crowd) rested(password string) func(ctx context.Context) bool {
	return func(ctx context.Context) bool {
		return c.MirrorHolds(ctx, password) && c.credentials() == 1 && c.converged(ctx)
	}
}

// credentials counts the secrets of the account.
func (c *crowd) credentials() int {
	a, ok := c.mail.Account(string(c.mirror().Data["smtp-user"]))
	if !ok {
		return 0
	}
	return a.Credentials
}

// TestRotationRefusesNobody: the SOURCE is rotated under consumers that log in all
// the time, the controller is killed on the way, and nobody is refused.
func TestRotationRefusesNobody(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"0.16.18", "0.15.5"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, layout{version: version, domain: rig.Domain, tune: withRotation("source", 2*time.Second)})
			p := s.start()
			s.until("the relay converges", patience, func(ctx context.Context) bool { o, _ := s.Outcome(ctx, relayTarget); return o == "Converged" })
			c := s.crowd(2)
			s.until("everything converges", patience, s.converged)
			for round := range 2 {
				password := fmt.Sprintf("canary-rotated-%d-Correct-Horse", round)
				s.secret(password)
				begin := time.Now()
				must(t, s.SetSource(t.Context(), password))
				pause(t.Context(), time.Duration(round)*1500*time.Millisecond)
				s.kill(p)
				p = s.start()
				s.until("the rotation is over", time.Minute, c.rested(password))
				t.Logf("round %d: at rest after %s", round, time.Since(begin).Round(time.Millisecond))
			}
			if n := c.refused.Load(); n > 0 || c.logins.Load() < 8 {
				t.Errorf("%d of %d logins were refused", n, c.logins.Load())
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			for generation, pods := range c.rolls {
				if generation != "" && pods != 2 {
					t.Errorf("generation %s was rolled with %d Pods", generation, pods)
				}
			}
			t.Logf("%d logins, generations %v", c.logins.Load(), c.rolls)
		})
	}
}
