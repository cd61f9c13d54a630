package conformance

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
)

// wire is a TCP proxy before the submission port that keeps what clients sent,
// as it was on the wire.
type wire struct {
	Address string

	mu   sync.Mutex
	sent bytes.Buffer
}

// newWire starts a wire that ends with the test.
func newWire(t *testing.T, target string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	w := &wire{Address: l.Addr().String()}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { w.carry(client, target) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		running.Wait()
	})
	return w
}

// carry copies in both directions until the client or the server is gone.
func (w *wire) carry(client net.Conn, target string) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	var back sync.WaitGroup
	back.Go(func() {
		_, _ = io.Copy(client, server)
		_ = client.Close()
	})
	_, _ = io.Copy(io.MultiWriter(server, w), client)
	_ = server.Close()
	back.Wait()
}

// Write keeps bytes of a client.
func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sent.Write(p)
}

// Sent is what clients have sent so far.
func (w *wire) Sent() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	return bytes.Clone(w.sent.Bytes())
}
