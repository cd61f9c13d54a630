package stalwart_test

import (
	"context"
	"errors"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/stalwart"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server counts logins and accepts one password.
type server struct {
	mu       sync.Mutex
	right    string
	refusals []time.Time
	tries    int
}

func credential(password string) stalwart.Credential {
	return stalwart.Credential{User: "postmaster", Password: redact.New(password)}
}

// try offers a password through a gate.
func (s *server) try(g *stalwart.Gate, password string) error {
	return g.Do(context.Background(), credential(password), func() (bool, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.tries++
		if password == s.right {
			return false, nil
		}
		s.refusals = append(s.refusals, time.Now())
		return true, nil
	})
}

// day lets several goroutines retry every 30 s for a simulated day, each with
// the password of the moment.
func (s *server) day(g *stalwart.Gate, password func() string) {
	end := time.Now().Add(24 * time.Hour)
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			for time.Now().Before(end) {
				_ = s.try(g, password())
				time.Sleep(30 * time.Second)
			}
		})
	}
	all.Wait()
}

// TestNeverABan lets everything that may go wrong with a credential go on for a
// day. Stalwart bans at 100 refusals.
func TestNeverABan(t *testing.T) {
	rows := []struct {
		name     string
		password func() string
		renew    time.Duration // Stalwart restarts this often
		most     int
	}{
		{"one wrong password", func() string { return "wrong" }, 0, 2 + 24},
		{"another wrong password every 5 minutes", func() string { return strconv.FormatInt(time.Now().Unix()/300, 10) }, 0, 40},
		{"another wrong password at every try", func() string { return time.Now().String() }, 0, 40},
		{"a wrong password, and Stalwart restarts all the time", func() string { return "wrong" }, 20 * time.Second, 40},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, g := &server{right: "right"}, stalwart.NewGate()
				if row.renew > 0 {
					defer restarts(g, row.renew)()
				}
				s.day(g, row.password)
				if n := len(s.refusals); n > row.most || n < 2 {
					t.Errorf("%d refusals in a day, want at most %d", n, row.most)
				}
			})
		})
	}
}

// restarts renews a gate again and again until stop.
func restarts(g *stalwart.Gate, every time.Duration) (stop func()) {
	tick, done, ended := time.NewTicker(every), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-tick.C:
				g.Renew()
			case <-done:
				return
			}
		}
	}()
	return func() {
		tick.Stop()
		close(done)
		<-ended
	}
}

// TestTwoTriesThenATrickle: two at once, then one an hour.
func TestTwoTriesThenATrickle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, g := &server{right: "right"}, stalwart.NewGate()
		s.day(g, func() string { return "wrong" })
		for i := 2; i < len(s.refusals); i++ {
			if pause := s.refusals[i].Sub(s.refusals[i-1]); pause < time.Hour {
				t.Errorf("try %d came %s after the one before", i+1, pause)
			}
		}
	})
}

// TestARefusalSaysHowLong: the error names the user, and a time after which it is
// really tried again.
func TestARefusalSaysHowLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, g := &server{right: "right"}, stalwart.NewGate()
		for range 2 {
			_ = s.try(g, "wrong")
		}
		var rejected *stalwart.RejectedError
		if err := s.try(g, "wrong"); !errors.As(err, &rejected) || rejected.User != "postmaster" || rejected.After <= 0 || s.tries != 2 {
			t.Fatalf("%v after %d tries", err, s.tries)
		}
		time.Sleep(rejected.After - time.Nanosecond)
		_ = s.try(g, "wrong")
		if s.tries != 2 {
			t.Error("it was tried before its time")
		}
		time.Sleep(time.Nanosecond)
		_ = s.try(g, "wrong")
		if s.tries != 3 {
			t.Error("it was not tried at its time")
		}
	})
}

// TestANewPasswordIsTriedAtOnce: the refusals of the old one are not its own.
func TestANewPasswordIsTriedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, g := &server{right: "right"}, stalwart.NewGate()
		for range 10 {
			_ = s.try(g, "wrong")
		}
		if err := s.try(g, "right"); err != nil {
			t.Errorf("the new password: %v", err)
		}
		s.right = "wrong" // and back: it was refused before, and is an old acquaintance
		time.Sleep(time.Hour)
		if err := s.try(g, "wrong"); err != nil {
			t.Errorf("the old password is right again: %v", err)
		}
	})
}

// TestRenewGivesOneMore: a restart of Stalwart is a reason to try once, not to
// start over, and what looks like one again and again is none.
func TestRenewGivesOneMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, g := &server{right: "right"}, stalwart.NewGate()
		for range 5 {
			_ = s.try(g, "wrong")
		}
		for want := 3; want <= 6; want++ { // the second restart may be the one that counts
			g.Renew()
			for range 3 {
				_ = s.try(g, "wrong")
			}
			if s.tries != want {
				t.Fatalf("%d tries, want %d", s.tries, want)
			}
			time.Sleep(time.Minute)
		}
		for range 30 { // what looks like one every minute
			g.Renew()
			_ = s.try(g, "wrong")
			time.Sleep(time.Minute)
		}
		if s.tries != 6 {
			t.Errorf("%d tries", s.tries)
		}
	})
}

// TestWhatIsNoAnswerDoesNotCount: an unreachable server has not refused anything,
// and has not accepted it either.
func TestWhatIsNoAnswerDoesNotCount(t *testing.T) {
	g, n, broken := stalwart.NewGate(), 0, errors.New("no connection")
	for range 1000 {
		err := g.Do(t.Context(), credential("x"), func() (bool, error) { n++; return false, broken })
		if !errors.Is(err, broken) {
			t.Fatal(err)
		}
	}
	if n != 1000 {
		t.Errorf("%d of 1000 tries were let through", n)
	}
}

// TestAnUnprovenCredentialGoesAlone: ten callers at once cost one refusal each
// at most in turn, so two in all; a proven one is not held up.
func TestAnUnprovenCredentialGoesAlone(t *testing.T) {
	s, g := &server{right: "right"}, stalwart.NewGate()
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			_ = g.Do(t.Context(), credential("wrong"), func() (bool, error) {
				for range 1000 {
					runtime.Gosched() // let the others come in, if they can
				}
				s.mu.Lock()
				defer s.mu.Unlock()
				s.tries++
				return true, nil
			})
		})
	}
	all.Wait()
	if s.tries != 2 {
		t.Errorf("%d tries", s.tries)
	}
	if err := s.try(g, "right"); err != nil {
		t.Fatal(err)
	}
	inside := make(chan struct{})
	all.Go(func() {
		_ = g.Do(t.Context(), credential("right"), func() (bool, error) { <-inside; return false, nil })
	})
	if err := g.Do(t.Context(), credential("right"), func() (bool, error) { close(inside); return false, nil }); err != nil {
		t.Error(err)
	}
	all.Wait()
}
