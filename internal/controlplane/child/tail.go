package child

import (
	"io"
	"sync"
)

// tailSize is enough for the lines with which a server says why it gives up.
const tailSize = 4 << 10

// tail passes output on and remembers the end of it.
type tail struct {
	next io.Writer

	mu  sync.Mutex
	buf []byte
}

// Write implements io.Writer. It never fails: a full log disk is no reason to
// break a server's output pipe, which would end the server.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, b...)
	if len(t.buf) > tailSize {
		t.buf = append([]byte(nil), t.buf[len(t.buf)-tailSize:]...)
	}
	if t.next != nil {
		_, _ = t.next.Write(b)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.buf)
}
