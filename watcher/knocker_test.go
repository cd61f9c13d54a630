package watcher_test

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/watcher"
)

// knock runs a knocker until the test ends; the addresses it wakes are on the
// channel.
func knock(t *testing.T) (*watcher.Knocker, <-chan string) {
	t.Helper()
	woken := make(chan string, 10)
	k := watcher.NewKnocker(func(address string) { woken <- address })
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		k.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return k, woken
}

func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// TestTheFirstAnswerWakesOnce: while nothing listens nobody is woken; the first
// connection wakes, says nothing, and is the last one.
func TestTheFirstAnswerWakesOnce(t *testing.T) {
	first := listen(t, "127.0.0.1:0")
	address := first.Addr().String()
	must(t, first.Close())
	k, woken := knock(t)
	k.Down(address)
	select {
	case <-woken:
		t.Fatal("woken while nothing listens")
	case <-time.After(1500 * time.Millisecond): // one knock at least
	}
	again := listen(t, address)
	conn, err := again.Accept()
	must(t, err)
	text, err := io.ReadAll(conn)
	if len(text) != 0 || err != nil {
		t.Errorf("%d bytes were sent (%v)", len(text), err)
	}
	must(t, conn.Close())
	select {
	case got := <-woken:
		if got != address {
			t.Errorf("woken for %s", got)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("not woken")
	}
	must(t, again.(*net.TCPListener).SetDeadline(time.Now().Add(1500*time.Millisecond)))
	if conn, err := again.Accept(); err == nil {
		_ = conn.Close()
		t.Error("it knocks although the address is up")
	}
}

// TestUpEndsTheKnocking: somebody else found out first.
func TestUpEndsTheKnocking(t *testing.T) {
	l := listen(t, "127.0.0.1:0")
	k, _ := knock(t)
	k.Down(l.Addr().String())
	k.Up(l.Addr().String())
	must(t, l.(*net.TCPListener).SetDeadline(time.Now().Add(1500*time.Millisecond)))
	if conn, err := l.Accept(); err == nil {
		_ = conn.Close()
		t.Error("it knocks although the address is up")
	}
}

// TestAHangingAddressDelaysNoOther: a connection that is never answered takes
// less than the pause between two knocks.
func TestAHangingAddressDelaysNoOther(t *testing.T) {
	l := listen(t, "127.0.0.1:0")
	k, woken := knock(t)
	k.Down("192.0.2.1:587") // RFC 5737: nobody has it
	k.Down(l.Addr().String())
	select {
	case got := <-woken:
		if got != l.Addr().String() {
			t.Errorf("woken for %s", got)
		}
	case <-time.After(5 * time.Second):
		t.Error("not woken")
	}
}
