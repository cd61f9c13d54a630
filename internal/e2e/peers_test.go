package e2e

import (
	"context"
	"crypto/x509"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/internal/rig"
	"github.com/openova-io/smtp-mirror/internal/stalwarttest"
	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/smtpprobe"
)

// TestTwoPodsOnOneStore: two processes of Stalwart share their data and not their
// caches. What is written through one is proven at the other, once that one was
// told to forget.
func TestTwoPodsOnOneStore(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"0.16.18", "0.16.3"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			var like stalwarttest.Options
			s := newSite(t, layout{version: version, standIn: func(o *stalwarttest.Options) { like = *o }})
			like.Peer = s.mail
			other, err := stalwarttest.Start(like)
			must(t, err)
			t.Cleanup(func() { _ = other.Close() })
			must(t, s.Reconfigure(s.DefaultConfig(), func(c *config.Config) { c.Submissions[0].Probe.Address = other.SubmissionAddr() }))
			s.pod("stalwart-0", s.mail.URL())
			s.pod("stalwart-1", other.URL())
			s.start()
			s.settled()
			if !s.mayStillNotSend(other, "pins@example.test") {
				t.Fatal("the other process knows a grant that nobody has made")
			}
			forgotten := invalidations(other)
			s.editSource(func(data map[string][]byte) { data["smtp-from"] = []byte("pins@example.test") })
			s.until("proven at the process with the old caches", patience, func(ctx context.Context) bool {
				m := s.MirrorData(ctx)
				return m != nil && string(m.Data["smtp-from"]) == "pins@example.test" && s.converged(ctx)
			})
			if invalidations(other) == forgotten || invalidations(s.mail) == 0 {
				t.Error("not both processes were told to forget")
			}
		})
	}
}

// mayStillNotSend logs in at a process, which then remembers what the account
// may do, and reports whether it refuses an address.
func (s *site) mayStillNotSend(server *stalwarttest.Server, address string) bool {
	s.t.Helper()
	text, err := os.ReadFile(s.Rig.Mail.CAFile())
	must(s.t, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	result := smtpprobe.Probe(s.t.Context(), smtpprobe.Request{Address: server.SubmissionAddr(), ServerName: rig.MailHost, Roots: roots,
		User: "noreply@" + rig.Domain, Password: redact.New(rig.FirstPassword), Senders: []string{address}})
	return result.Verdict == smtpprobe.SenderRefused
}

// invalidations counts the actions that a process was asked for.
func invalidations(server *stalwarttest.Server) int {
	n := 0
	for _, r := range server.Requests() {
		if slices.Contains(r.Calls, "x:Action/set") {
			n++
		}
	}
	return n
}

// pod creates a Pod of Stalwart that runs on another node than ours, and is
// ready there: its process is one of this test.
func (s *site) pod(name, url string) {
	s.t.Helper()
	_, port, err := net.SplitHostPort(strings.TrimPrefix(url, "http://"))
	must(s.t, err)
	number, err := strconv.ParseInt(port, 10, 32)
	must(s.t, err)
	pods := s.Admin.CoreV1().Pods(s.Home)
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app.kubernetes.io/name": "bp-stalwart-sovereign"}},
		Spec: corev1.PodSpec{NodeName: "elsewhere", Containers: []corev1.Container{{Name: "stalwart", Image: "stalwart", Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: int32(number)}}}}}}
	var made *corev1.Pod
	s.until("the Pod is admitted", patience, func(ctx context.Context) bool { // once its namespace has a ServiceAccount
		made, err = pods.Create(ctx, p, metav1.CreateOptions{})
		return err == nil
	})
	made.Status = corev1.PodStatus{Phase: corev1.PodRunning, PodIP: "127.0.0.1", PodIPs: []corev1.PodIP{{IP: "127.0.0.1"}},
		ContainerStatuses: []corev1.ContainerStatus{{Name: "stalwart", Image: "stalwart", ImageID: "stand-in", ContainerID: "stand-in://" + name, Ready: true}}}
	_, err = pods.UpdateStatus(s.t.Context(), made, metav1.UpdateOptions{})
	must(s.t, err)
}
