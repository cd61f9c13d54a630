package main

import (
	"crypto/x509"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// TestRootsFromScratch verifies a public CA in a process that finds no roots on
// its system, as in the image. Roots are loaded once per process, so it is a child.
func TestRootsFromScratch(t *testing.T) {
	if os.Getenv("ROOTS_CHILD") != "" {
		verifyPublicRoots(t)
		return
	}
	nowhere := filepath.Join(t.TempDir(), "nothing")
	child := exec.Command(os.Args[0], "-test.run=^TestRootsFromScratch$") //nolint:gosec // this very test
	child.Env = append(os.Environ(), "ROOTS_CHILD=1", "SSL_CERT_FILE="+nowhere, "SSL_CERT_DIR="+nowhere)
	if out, err := child.CombinedOutput(); err != nil {
		t.Fatalf("without a system's roots: %v\n%s", err, out)
	}
}

// verifyPublicRoots looks for an authority of the bundle that the system's pool,
// which is what a nil RootCAs means, verifies. Some of the bundle are constrained
// or have expired by the time this runs, hence "most" and not "all".
func verifyPublicRoots(t *testing.T) {
	var all, good int
	for c := range bundle.Roots() {
		root, err := x509.ParseCertificate(c.Certificate)
		if err != nil {
			t.Fatal(err)
		}
		all++
		if _, err := root.Verify(x509.VerifyOptions{KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err == nil {
			good++
		}
	}
	if good < all/2 || good == 0 {
		t.Errorf("only %d of %d public authorities are trusted", good, all)
	}
}
