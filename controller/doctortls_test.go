package controller_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/openova-io/smtp-mirror/controller"
	"github.com/openova-io/smtp-mirror/internal/controlplane/pki"
	"github.com/openova-io/smtp-mirror/internal/stalwarttest"
)

// TestTheCertificateOfTheConfiguration: whatever is wrong with it is said, whatever is
// served.
func TestTheCertificateOfTheConfiguration(t *testing.T) {
	issue := issuer(t)
	good, renewed := issue(month, "mail.example.org"), issue(2*month, "mail.example.org")
	text := serving(t, good)
	source := secret("source", map[string]string{"smtp-host": "mail.example.org", "smtp-port": "587", "smtp-from": "noreply@example.org", "smtp-user": "noreply", "smtp-pass": password})
	half := maps.Clone(good)
	delete(half, "tls.key")
	torn := maps.Clone(good)
	torn["tls.key"] = renewed["tls.key"]
	for name, row := range map[string]struct {
		data map[string]string
		want string
	}{
		"served":           {good, "ok secret mail/tls: until "},
		"not served":       {renewed, "warning secret mail/tls: 127.0.0.1"},
		"deleted":          {nil, "wrong secret mail/tls: the secret mail/tls with the certificate does not exist"},
		"half-written":     {half, "wrong secret mail/tls: tls.key holds no private key"},
		"of two":           {torn, "wrong secret mail/tls: tls.key does not belong"},
		"of somebody else": {issue(month, "mail.example.net"), "wrong secret mail/tls: tls.crt is not for mail.example.org"},
		"expired":          {issue(-time.Minute, "mail.example.org"), "wrong secret mail/tls: tls.crt was valid until"},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := []runtime.Object{source}
			if row.data != nil {
				cluster = append(cluster, secret("tls", row.data))
			}
			begins(t, only(examine(t, text+"tls: {secret: tls}\n", "tls", controller.DoctorOptions{}, cluster...), "secret"), row.want)
		})
	}
	t.Run("unreadable", func(t *testing.T) {
		kube := fake.NewClientset(source)
		kube.PrependReactor("get", "secrets", func(a clienttesting.Action) (bool, runtime.Object, error) {
			return a.(clienttesting.GetAction).GetName() == "tls", nil, errors.New("secrets is forbidden")
		})
		var o controller.DoctorOptions
		o.Clients.Core = kube.CoreV1()
		begins(t, only(examine(t, text+"tls: {secret: tls}\n", "tls", o), "secret"), "unknown secret mail/tls: secrets is forbidden")
	})
}

// TestTheMountedCertificate is looked at where it is mounted.
func TestTheMountedCertificate(t *testing.T) {
	good, dir := issuer(t)(month, "mail.example.org"), filepath.Join(t.TempDir(), "tls")
	text := fmt.Sprintf("%stls: {dir: %q}\n", serving(t, good), dir)
	source := secret("source", map[string]string{"smtp-host": "mail.example.org", "smtp-port": "587", "smtp-from": "noreply@example.org", "smtp-user": "noreply", "smtp-pass": password})
	look := func() []string {
		return only(examine(t, text, "tls", controller.DoctorOptions{}, source), "directory")
	}
	begins(t, look(), "unknown directory "+dir) // a workstation has no such mount
	must(t, os.Mkdir(dir, 0o700))
	begins(t, look(), "wrong directory "+dir+": the file tls.crt of the mounted certificate does not exist")
	for field, value := range good {
		must(t, os.WriteFile(filepath.Join(dir, field), []byte(value), 0o600))
	}
	begins(t, look(), "ok directory "+dir+": until ")
}

const month = 30 * 24 * time.Hour

// issuer makes the fields of certificates.
func issuer(t *testing.T) func(after time.Duration, names ...string) map[string]string {
	t.Helper()
	ca, err := pki.NewCA("doctor")
	must(t, err)
	return func(after time.Duration, names ...string) map[string]string {
		pair, err := ca.ServerUntil(time.Now().Add(after), names...)
		must(t, err)
		return map[string]string{"tls.crt": string(pair.Cert), "tls.key": string(pair.Key)}
	}
}

// serving is the configuration of a server that shows a certificate.
func serving(t *testing.T, data map[string]string) string {
	t.Helper()
	loaded, err := tls.X509KeyPair([]byte(data["tls.crt"]), []byte(data["tls.key"]))
	must(t, err)
	server, err := stalwarttest.Start(stalwarttest.Options{Certificate: &loaded})
	must(t, err)
	t.Cleanup(func() { _ = server.Close() })
	return fmt.Sprintf("stalwart: {namespace: mail}\nsubmissions: [{secret: source, probe: {address: %q, insecureSkipVerify: true}}]\n", server.SubmissionAddr())
}

// only are the lines about objects of a kind.
func only(lines []string, kind string) []string {
	return slices.DeleteFunc(lines, func(l string) bool { return !strings.Contains(l, " "+kind+" ") || strings.Contains(l, "SOURCE") })
}
