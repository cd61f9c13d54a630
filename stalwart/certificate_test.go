package stalwart

import (
	"encoding/pem"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/openova-io/smtp-mirror/redact"
)

// TestWhoseCertificate: the mark counts for the leaf that it names, and no other.
func TestWhoseCertificate(t *testing.T) {
	one, other := pemOfTest(t), otherPEM
	ours := NewCertificate{Chain: []byte(one), Key: redact.New("k"), Owner: "mail/tls"}.text()
	for _, row := range []struct{ name, text, owner string }{
		{"ours", ours, "mail/tls"},
		{"somebody else's", one, ""},
		{"our mark before another leaf", strings.Replace(ours, one, other, 1), ""},
		{"a mark without a leaf", certificateMark + "mail/tls\n" + one, ""},
		{"a mark alone", strings.SplitAfter(ours, "\n")[0], ""},
		{"nothing", "", ""},
		{"the mark further down", "a note\n" + ours, ""},
	} {
		if got := readCertificate(row.text).Owner; got != row.owner {
			t.Errorf("%s: the owner is %q", row.name, got)
		}
	}
	leafOf := func(text string) string { return readCertificate(text).Leaf }
	if leafOf(ours) != leafOf(one) || leafOf(one) == "" || leafOf("no PEM") != "" || leafOf(other) == leafOf(one) {
		t.Error("the leaf is another one")
	}
}

func pemOfTest(t *testing.T) string {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
}

// otherPEM is some other certificate.
const otherPEM = `-----BEGIN CERTIFICATE-----
MIIBqzCCAVGgAwIBAgIULq1+71FddroG6VwdnDrC+Dkc+k8wCgYIKoZIzj0EAwIw
HDEaMBgGA1UEAwwRbWFpbC5leGFtcGxlLnRlc3QwHhcNMjYxMTI0MDMxODIxWhcN
MjYxMjI0MDMxODIxWjAcMRowGAYDVQQDDBFtYWlsLmV4YW1wbGUudGVzdDBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABLBuVGAvPvdZciILSpkvzFkghemlVKR0fsgX
uby/JEnrN1MDhVnwrmqfHyPUsmm5h9rOpWw3R5G0UT3LzC7WvRqjcTBvMB0GA1Ud
DgQWBBSewbU1YytaCyBnbTS+ejixBjPi9DAfBgNVHSMEGDAWgBSewbU1YytaCyBn
bTS+ejixBjPi9DAPBgNVHRMBAf8EBTADAQH/MBwGA1UdEQQVMBOCEW1haWwuZXhh
bXBsZS50ZXN0MAoGCCqGSM49BAMCA0gAMEUCIQDd5rUKVJFQbpDtSD+EM+LMdoxQ
etP5AdtRoemxa/WARwIgIWSbdzhNOmR4hRgWMnn1GyW+I2OK6g0WVq9XXsULLU8=
-----END CERTIFICATE-----
`
