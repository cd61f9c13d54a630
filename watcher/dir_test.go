package watcher_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/watcher"
)

// mount lays a directory out as the kubelet does: the files are symlinks through
// ..data, which is a symlink to a directory with a time in its name.
func mount(t *testing.T, dir, version, content string) {
	t.Helper()
	data := filepath.Join(dir, version)
	must(t, os.Mkdir(data, 0o750))
	must(t, os.WriteFile(filepath.Join(data, "key"), []byte(content), 0o600))
	must(t, os.Symlink(version, filepath.Join(dir, "..data_tmp")))
	must(t, os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
	if _, err := os.Lstat(filepath.Join(dir, "key")); err != nil {
		must(t, os.Symlink(filepath.Join("..data", "key"), filepath.Join(dir, "key")))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// watchDir runs WatchDir until the test ends; what it wakes is on the channel.
func watchDir(t *testing.T, dir string) <-chan struct{} {
	t.Helper()
	woken := make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		watcher.WatchDir(ctx, slog.New(slog.DiscardHandler), dir, func() {
			select {
			case woken <- struct{}{}:
			default:
			}
		})
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return woken
}

// wokenFor waits for a wake after which the file holds what is wanted.
func wokenFor(t *testing.T, woken <-chan struct{}, file, want string) {
	t.Helper()
	limit := time.After(10 * time.Second)
	for {
		select {
		case <-woken:
		case <-limit:
			t.Fatalf("no wake for %q", want)
		}
		if text, err := os.ReadFile(file); err == nil && string(text) == want { //nolint:gosec // a file of the test
			return
		}
	}
}

// TestTheKubeletsSwapWakes: the file itself is never written, only the symlink
// ..data is replaced.
func TestTheKubeletsSwapWakes(t *testing.T) {
	dir := t.TempDir()
	mount(t, dir, "..2026_01_01", "one")
	woken := watchDir(t, dir)
	file := filepath.Join(dir, "key")
	wokenFor(t, woken, file, "one") // what happened before the watch
	mount(t, dir, "..2026_01_02", "two")
	wokenFor(t, woken, file, "two")
	mount(t, dir, "..2026_01_03", "three")
	wokenFor(t, woken, file, "three")
}

// TestAnEditorsRenameWakes: a new file takes the old one's name.
func TestAnEditorsRenameWakes(t *testing.T) {
	dir := t.TempDir()
	file, draft := filepath.Join(dir, "config.yaml"), filepath.Join(dir, ".draft")
	must(t, os.WriteFile(file, []byte("one"), 0o600))
	woken := watchDir(t, dir)
	wokenFor(t, woken, file, "one")
	must(t, os.WriteFile(draft, []byte("two"), 0o600))
	must(t, os.Rename(draft, file))
	wokenFor(t, woken, file, "two")
}

// TestADirectoryThatIsNotThere: no crash, and a wake so that somebody says so.
// The clock that finds it later has no bubble here: inotify blocks in the kernel.
func TestADirectoryThatIsNotThere(t *testing.T) {
	woken := watchDir(t, filepath.Join(t.TempDir(), "absent"))
	select {
	case <-woken:
	case <-time.After(10 * time.Second):
		t.Error("no wake")
	}
}
