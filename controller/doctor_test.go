package controller_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/controller"
	"github.com/openova-io/smtp-mirror/dkimkeys"
	"github.com/openova-io/smtp-mirror/dkimwatch"
	"github.com/openova-io/smtp-mirror/doctor"
	"github.com/openova-io/smtp-mirror/internal/stalwarttest"
	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/zone"
)

const (
	domain   = "example.org"
	password = "canary-of-the-administrator" //nolint:gosec // a test value
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// silence is a DNS that knows nothing.
type silence struct{}

// Lookup finds nothing.
func (silence) Lookup(context.Context, string, string) ([]string, error) { return nil, nil }

// Answers finds nothing.
func (silence) Answers(context.Context, string, string, string) ([]zone.Answer, error) {
	return []zone.Answer{{Server: "192.0.2.53:53", Code: "NXDOMAIN"}}, nil
}

// secret is one in Stalwart's namespace.
func secret(name string, data map[string]string) *corev1.Secret {
	s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "mail", Name: name}, Data: map[string][]byte{}}
	for key, value := range data {
		s.Data[key] = []byte(value)
	}
	return s
}

// examine runs one check of a configuration in a cluster, and gives "verdict object:
// got" lines.
func examine(t *testing.T, text, check string, o controller.DoctorOptions, cluster ...runtime.Object) []string {
	t.Helper()
	cfg, err := config.Parse([]byte("domain: " + domain + "\n" + text))
	must(t, err)
	o.DNS = silence{}
	if o.Clients.Core == nil {
		o.Clients.Core = fake.NewClientset(cluster...).CoreV1()
	}
	all := doctor.Checks()
	i := slices.IndexFunc(all, func(c doctor.Check) bool { return c.Name == check })
	var lines []string
	for _, f := range doctor.Run(t.Context(), controller.Doctor(cfg, o), all[i:i+1]).Findings {
		lines = append(lines, fmt.Sprintf("%s %s: %s", f.Verdict, f.Object, f.Got))
	}
	return lines
}

func begins(t *testing.T, got []string, want ...string) {
	t.Helper()
	ok := len(got) == len(want)
	for i := range min(len(got), len(want)) {
		ok = ok && strings.HasPrefix(got[i], want[i])
	}
	if !ok {
		t.Errorf("%q\nwant %q", got, want)
	}
}

// TestKeysThatAreKeptOnly: 0.15 calls every key active. What signs is told by its
// settings, and what a key is for by the state of the controller.
func TestKeysThatAreKeptOnly(t *testing.T) {
	server, err := stalwarttest.Start(stalwarttest.Options{Version: "0.15.5", Domain: domain, AdminUser: "postmaster", AdminPassword: password})
	must(t, err)
	t.Cleanup(func() { _ = server.Close() })
	conn, err := stalwart.NewConn(stalwart.Options{URL: server.URL(), Gate: stalwart.NewGate(), Credential: func() (stalwart.Credential, error) {
		return stalwart.Credential{User: "postmaster", Password: redact.New(password)}, nil
	}})
	must(t, err)
	t.Cleanup(conn.Close)
	directory, err := conn.Detect(t.Context())
	must(t, err)
	at, err := directory.Domain(t.Context(), domain)
	must(t, err)
	var state dkimkeys.State
	for selector, stage := range map[string]dkimkeys.Stage{"first": dkimkeys.Active, "second": dkimkeys.Pending} {
		pair, err := dkimwatch.NewPair("rsa-sha256")
		must(t, err)
		must(t, directory.CreateDKIMKey(t.Context(), *at, stalwart.NewDKIMKey{Selector: selector, Algorithm: "rsa-sha256", Private: pair.Private, Stage: "pending"}))
		state = state.With(dkimkeys.Key{Selector: selector, Algorithm: "rsa-sha256", PublicKey: pair.PublicKey, Stage: stage})
	}
	text := fmt.Sprintf("stalwart: {url: %q, namespace: mail, adminSecret: admin}\ndkim: {manage: rotate}\n", server.URL())
	admin, kept := secret("admin", map[string]string{"ADMIN_PASSWORD": password}), secret("smtp-mirror-dkim", map[string]string{dkimkeys.KeyState: string(state.Encode())})
	begins(t, examine(t, text, "dkim", controller.DoctorOptions{}, admin, kept), "wrong signatures of example.org: no active key",
		"warning first._domainkey.example.org (retiring): Missing", "warning second._domainkey.example.org (pending): Missing")
	must(t, directory.MoveDKIMKey(t.Context(), stalwart.KeptID("first", domain), "active"))
	begins(t, examine(t, text, "dkim", controller.DoctorOptions{}, admin, kept), "wrong first._domainkey.example.org (active): Missing",
		"warning second._domainkey.example.org (pending): Missing", "ok signatures of example.org: active: rsa-sha256")
	begins(t, examine(t, text, "dkim", controller.DoctorOptions{}, admin), "wrong first._domainkey.example.org (active): Missing",
		"warning second._domainkey.example.org (pending): Missing", "ok signatures of example.org: active: rsa-sha256")
}
