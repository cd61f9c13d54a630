package tlscert_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/openova-io/smtp-mirror/internal/controlplane/pki"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const host = "mail.example.test"

func authority(t testing.TB) *pki.CA {
	t.Helper()
	ca, err := pki.NewCA("an authority")
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

// issue makes a certificate that ends after a time.
func issue(t testing.TB, ca *pki.CA, after time.Duration, names ...string) pki.Pair {
	t.Helper()
	pair, err := ca.ServerUntil(time.Now().Add(after), names...)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}
