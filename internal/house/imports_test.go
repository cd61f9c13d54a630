package house_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// level orders the rooms: a room imports only rooms below it, and rooms of one
// level never import each other.
var level = map[string]int{ //nolint:gochecknoglobals // a constant table
	"redact":     0,
	"submission": 1, "dnsrecords": 1, "rotation": 1, "zone": 1,
	"watcher": 2, "workload": 2, "stalwart": 2, "smtpprobe": 2, "resolver": 2, "dkimkeys": 2,
	"statesecret": 3,
	"mirror":      4, "stalwartsync": 4, "dkimwatch": 4, "rollout": 4, "apikey": 4, "audit": 4, "publish": 4, "tlscert": 4, "doctor": 4, "seed": 4,
	"config": 5, "rbac": 6, "controller": 7, "cmd/smtp-mirror": 8,
}

func TestImportsPointDown(t *testing.T) {
	for _, f := range files(t) {
		from, isRoom := level[f.room()]
		if !isRoom || f.isTest() {
			continue
		}
		for _, path := range f.imports() {
			to, isOurs := strings.CutPrefix(path, module)
			if !isOurs {
				continue
			}
			if l, known := level[to]; !known || l >= from {
				t.Errorf("%s imports %s: a room imports only rooms below it", f.path, to)
			}
		}
	}
}

func TestEveryRoomHasALevel(t *testing.T) {
	for _, f := range files(t) {
		top, _, _ := strings.Cut(f.room(), "/")
		if _, ok := level[f.room()]; !ok && top != "internal" && top != "hack" && top != "test" {
			t.Errorf("%s is in a room without a level", f.path)
		}
	}
}

// TestPureFilesDoNoIO checks that decisions stay functions of what they are
// given.
func TestPureFilesDoNoIO(t *testing.T) {
	pure := []string{"desired.go", "decide.go", "plan.go", "verdict.go"}
	forbidden := []string{"context", "log/slog", "os", "net/http", "math/rand", "math/rand/v2", "crypto/rand", "github.com/prometheus/client_golang/prometheus"}
	found := 0
	for _, f := range files(t) {
		if !slices.Contains(pure, filepath.Base(f.path)) {
			continue
		}
		found++
		for _, path := range f.imports() {
			if slices.Contains(forbidden, path) {
				t.Errorf("%s is pure and imports %s", f.path, path)
			}
		}
		if calls(f, "time", "Now") || calls(f, "time", "Since") {
			t.Errorf("%s is pure and looks at the clock", f.path)
		}
	}
	if found < 6 {
		t.Errorf("only %d pure files found", found)
	}
}
