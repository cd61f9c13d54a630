package doctor_test

import (
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/doctor"
	"github.com/openova-io/smtp-mirror/internal/stalwarttest"
	"github.com/openova-io/smtp-mirror/smtpprobe"
)

// TestAServerThatHasNoTimeForUs says nothing about TLS: it is asked once more, and is
// unknown then.
func TestAServerThatHasNoTimeForUs(t *testing.T) {
	roots, certificate := authority(t, mailHost)
	s, err := stalwarttest.Start(stalwarttest.Options{Certificate: certificate})
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	for name, row := range map[string]struct {
		greet string // before the connection is closed
		times int64  // how often; 0 = always
		want  string
	}{
		"throttled":          {"", 0, "unknown"},
		"throttled once":     {"", 1, "ok"},
		"starting":           {"421 4.3.2 later\r\n", 0, "unknown"},
		"starting soon":      {"421 4.3.2 later\r\n", 1, "ok"},
		"closed at HELO":     {"220 hello\r\n", 0, "unknown"},
		"we are not welcome": {"554 5.7.1 banned\r\n", 0, "wrong"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var taken atomic.Int64
			front := listen(t, func(c net.Conn) {
				if n := taken.Add(1); row.times == 0 || n <= row.times {
					_, _ = c.Write([]byte(row.greet))
					return
				}
				through(c, s.SubmissionAddr())
			})
			e := &doctor.Env{MailHost: mailHost, Now: time.Now, Endpoints: []doctor.Endpoint{at(front.Addr().String(), roots)}}
			begins(t, examine(t, e, "tls"), []string{row.want + " submission"})
			if n := taken.Load(); n > 2 {
				t.Errorf("it is asked %d times", n)
			}
		})
	}
}

// through carries a connection to another address.
func through(c net.Conn, address string) {
	on, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(on, c)
		_ = on.Close()
	}()
	_, _ = io.Copy(c, on)
	_ = c.Close()
	<-done
}

// TestStalwartIsNotCrowded: as it is shipped it takes five connections a second, and
// closes the next one without a word.
func TestStalwartIsNotCrowded(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var taken []time.Time
	busy := listen(t, func(net.Conn) {
		mu.Lock()
		defer mu.Unlock()
		taken = append(taken, time.Now())
	})
	e := &doctor.Env{MailHost: mailHost, Now: time.Now}
	for i := range 6 { // by several names, so that each is a connection, and one more
		e.Endpoints = append(e.Endpoints, at(busy.Addr().String(), nil, func(r *smtpprobe.Request) { r.ServerName = fmt.Sprintf("mail%d.example.net", i) }))
	}
	if lines := examine(t, e, "tls"); len(lines) != 6 {
		t.Errorf("%q", lines)
	}
	mu.Lock()
	defer mu.Unlock()
	for i := range max(0, len(taken)-5) {
		if within := taken[i+5].Sub(taken[i]); within < 600*time.Millisecond { // 1.25 s, on a machine that has time
			t.Errorf("six connections within %s", within)
		}
	}
	if len(taken) != 12 {
		t.Errorf("%d connections", len(taken))
	}
}
