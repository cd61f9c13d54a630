package child_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/openova-io/smtp-mirror/internal/controlplane/child"
)

// parentVariable makes the test binary play the parent that is going to die.
const parentVariable = "CHILD_TEST_PARENT"

func TestMain(m *testing.M) {
	if os.Getenv(parentVariable) != "" {
		playParent()
	}
	goleak.VerifyTestMain(m)
}

// playParent starts a child, tells its PID and waits to be killed.
func playParent() {
	p, err := child.Start(child.Spec{Path: "/bin/sh", Args: []string{"-c", "exec sleep 600"}})
	if err != nil {
		panic(err)
	}
	fmt.Println(p.PID())
	<-p.Done()
	os.Exit(1)
}

func TestChildDiesWithItsParent(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no parent-death signal on " + runtime.GOOS)
	}
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), parentVariable+"=1")
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscan(out, &pid); err != nil {
		t.Fatal(err)
	}
	if !alive(pid) {
		t.Fatal("the child did not live in the first place")
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	limit := time.After(time.Minute)
	for ticker := time.Tick(10 * time.Millisecond); alive(pid); {
		select {
		case <-ticker:
		case <-limit:
			t.Fatal("the child lives on")
		}
	}
}

// alive says whether a process runs; one that only waits to be reaped, by
// whoever inherited it, does not.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z")
}

func TestPrivateNetwork(t *testing.T) {
	p, err := child.Start(child.Spec{
		Path: "/bin/sh", Args: []string{"-c", "exec readlink /proc/self/ns/net"}, PrivateNetwork: true,
	})
	if errors.Is(err, os.ErrPermission) || errors.Is(err, errors.ErrUnsupported) {
		t.Skipf("no network namespaces here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	ours, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	if theirs := strings.TrimSpace(p.Output()); theirs == "" || theirs == ours {
		t.Errorf("the child is in network namespace %q, its parent in %q", theirs, ours)
	}
}

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
