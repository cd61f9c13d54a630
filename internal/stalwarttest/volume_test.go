package stalwarttest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openova-io/smtp-mirror/internal/stalwarttest"
)

// TestAVolumeOutlivesItsProcess: what was answered is on disk, without a proper end; another
// process goes on with it, and a broken volume is an error.
func TestAVolumeOutlivesItsProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	first, err := stalwarttest.Start(stalwarttest.Options{Domain: "example.test", Volume: path})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = first.Close() }()
	text, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(text), "example.test") {
		t.Fatalf("%v: %s", err, text)
	}
	copied := filepath.Join(t.TempDir(), "copied")
	if err := os.WriteFile(copied, text, 0o600); err != nil {
		t.Fatal(err)
	}
	second, err := stalwarttest.Start(stalwarttest.Options{Volume: copied})
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(copied)
	if err != nil || !strings.Contains(string(after), "example.test") {
		t.Errorf("%v: %s", err, after)
	}
	if err := os.WriteFile(copied, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := stalwarttest.Start(stalwarttest.Options{Volume: copied}); err == nil {
		t.Error("a broken volume was taken")
	}
	if left, err := os.ReadFile(copied); err != nil || string(left) != "{" {
		t.Errorf("a broken volume was written over: %v, %d bytes", err, len(left))
	}
	if _, err := stalwarttest.Start(stalwarttest.Options{Version: "0.15.5", Volume: path}); err == nil {
		t.Error("0.15 has no volume")
	}
}
