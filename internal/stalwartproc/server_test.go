package stalwartproc_test

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/smtp"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/openova-io/smtp-mirror/internal/nodetest"
	"github.com/openova-io/smtp-mirror/internal/stalwartproc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var _ nodetest.Process = (*stalwartproc.Server)(nil)

const domain = "example.test"

func binary(t *testing.T) string {
	t.Helper()
	path := os.Getenv("STALWART_BIN")
	if path == "" {
		t.Skip("STALWART_BIN does not name a Stalwart binary; hack/build-stalwart.sh builds one and prints its path")
	}
	return path
}

func start(t *testing.T, o stalwartproc.Options) *stalwartproc.Server {
	t.Helper()
	o.Binary = binary(t)
	began := time.Now()
	s, err := stalwartproc.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("version %s started in %s", s.Version(), time.Since(began).Round(time.Millisecond))
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// submit logs in over STARTTLS, which takes a certificate that verifies.
func submit(t *testing.T, s *stalwartproc.Server, name string) error {
	t.Helper()
	conn, err := smtp.Dial(s.SubmissionAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.StartTLS(trust(t, s, name)); err != nil {
		return err
	}
	user, password := s.Admin()
	return conn.Auth(smtp.PlainAuth("", user, password, name))
}

func trust(t *testing.T, s *stalwartproc.Server, name string) *tls.Config {
	t.Helper()
	ca, err := os.ReadFile(s.CAFile())
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	return &tls.Config{RootCAs: pool, ServerName: name}
}

func works(t *testing.T, s *stalwartproc.Server) {
	t.Helper()
	for _, name := range []string{"mail.example.test", "localhost"} {
		// net/smtp refuses to authenticate to a server it did not dial by
		// this name, so the name is compared by the certificate alone.
		if err := startTLS(t, s, name); err != nil {
			t.Errorf("STARTTLS as %s: %v", name, err)
		}
	}
	if err := submit(t, s, "127.0.0.1"); err != nil {
		t.Errorf("submission: %v", err)
	}
	conn, err := tls.Dial("tcp", s.SubmissionsAddr(), trust(t, s, "127.0.0.1"))
	if err != nil {
		t.Fatalf("submissions: %v", err)
	}
	_ = conn.Close()
}

func startTLS(t *testing.T, s *stalwartproc.Server, name string) error {
	t.Helper()
	conn, err := smtp.Dial(s.SubmissionAddr())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return conn.StartTLS(trust(t, s, name))
}

func TestLife(t *testing.T) {
	s := start(t, stalwartproc.Options{Domain: domain, NoDKIM: true})
	works(t, s)
	steps := []struct {
		name string
		do   func() error
	}{
		{"stopped", s.Stop},
		{"killed", s.Kill},
		{"wiped", s.Wipe},
	}
	for _, step := range steps {
		t.Run(step.name, func(t *testing.T) {
			before := s.PID()
			if err := step.do(); err != nil {
				t.Fatal(err)
			}
			<-s.Done()
			if conn, err := net.Dial("tcp", s.SubmissionAddr()); err == nil {
				_ = conn.Close()
				t.Error("the port still answers")
			}
			began := time.Now()
			if err := s.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			t.Logf("started again in %s", time.Since(began).Round(time.Millisecond))
			if s.PID() == before {
				t.Error("the process is the same")
			}
			works(t, s)
		})
	}
}

func TestRestartKeepsWhatWipeLoses(t *testing.T) {
	s := start(t, stalwartproc.Options{SubmissionsPort: stalwartproc.NoListener})
	create(t, s)
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !present(t, s) {
		t.Error("the restart lost the domain")
	}
	if err := s.Wipe(); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if present(t, s) {
		t.Error("the domain survived the loss of the data")
	}
}

func TestDKIM(t *testing.T) {
	s := start(t, stalwartproc.Options{Domain: domain})
	if !present(t, s) {
		t.Error("the domain is not there")
	}
}

func TestFreshCertificate(t *testing.T) {
	s := start(t, stalwartproc.Options{FreshCertificate: true})
	if s.CAFile() != "" {
		t.Errorf("CAFile is %q", s.CAFile())
	}
	config := &tls.Config{InsecureSkipVerify: true} //nolint:gosec // looks at a certificate that cannot be verified
	conn, err := tls.Dial("tcp", s.SubmissionsAddr(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.ConnectionState().PeerCertificates[0].VerifyHostname("localhost"); err != nil {
		t.Error(err)
	}
}

func TestGeneration(t *testing.T) {
	generation, version, err := stalwartproc.Generation(binary(t))
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, stalwartproc.Options{})
	response, err := http.Get(s.URL() + "/api/principal")
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	want := map[string]int{
		stalwartproc.Generation015: http.StatusUnauthorized,
		stalwartproc.Generation016: http.StatusNotFound,
	}
	if response.StatusCode != want[generation] || version == "" || strings.ContainsAny(version, " \n") {
		t.Errorf("generation %s, version %q, but GET /api/principal is %s", generation, version, response.Status)
	}
}

func TestNoListenerIsRefused(t *testing.T) {
	o := stalwartproc.Options{Binary: binary(t), HTTPPort: -1, SubmissionPort: -1, SubmissionsPort: -1}
	if s, err := stalwartproc.Start(t.Context(), o); err == nil {
		_ = s.Close()
		t.Fatal("no error")
	}
}

func TestAllowWildcardNeedsNoNamespace(t *testing.T) {
	s := start(t, stalwartproc.Options{Domain: domain, NoDKIM: true, AllowWildcard: true})
	works(t, s)
}
