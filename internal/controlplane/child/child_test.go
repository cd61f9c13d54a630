package child_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/openova-io/smtp-mirror/internal/controlplane/child"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func shell(t *testing.T, script string) *child.Process {
	t.Helper()
	p, err := child.Start(child.Spec{Path: "/bin/sh", Args: []string{"-c", script}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Kill() })
	return p
}

func TestStopEndsAProcessThatListens(t *testing.T) {
	p := shell(t, "exec sleep 600")
	if err := p.Stop(time.Minute); err != nil {
		t.Fatal(err)
	}
	if p.Running() {
		t.Fatal("still running after Stop")
	}
}

func TestStopKillsAProcessThatDoesNotListen(t *testing.T) {
	p := shell(t, "trap '' TERM; echo deaf; while :; do sleep 0.1; done")
	ready := func(context.Context) error {
		if !strings.Contains(p.Output(), "deaf") {
			return errors.New("the trap is not set yet")
		}
		return nil
	}
	if err := p.Await(t.Context(), "trap", ready); err != nil {
		t.Fatal(err)
	}
	if err := p.Stop(10 * time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if p.Running() {
		t.Fatal("still running after Stop")
	}
}

func TestAwaitTellsWhyAProcessEnded(t *testing.T) {
	p := shell(t, "echo no such disk; exit 3")
	never := func(context.Context) error { return errors.New("not yet") }
	err := p.Await(t.Context(), "a miracle", never)
	if !errors.Is(err, child.ErrEnded) {
		t.Fatalf("got %v, want ErrEnded", err)
	}
	for _, want := range []string{"no such disk", "exit status 3"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q lacks %q", err, want)
		}
	}
}

func TestAwaitEndsWithItsContext(t *testing.T) {
	p := shell(t, "exec sleep 600")
	ctx, cancel := context.WithCancel(t.Context())
	cause := errors.New("not yet")
	err := p.Await(ctx, "a miracle", func(context.Context) error { cancel(); return cause })
	if !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
		t.Fatalf("got %v, want the context's error and the last cause", err)
	}
}

func TestStartOfAMissingBinary(t *testing.T) {
	if _, err := child.Start(child.Spec{Path: "/nonexistent/server"}); err == nil {
		t.Fatal("no error")
	}
}

func TestFreePortsDiffer(t *testing.T) {
	ports, err := child.FreePorts(20)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for _, p := range ports {
		if seen[p] {
			t.Fatalf("port %d twice", p)
		}
		seen[p] = true
	}
}
