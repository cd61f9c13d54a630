package stalwart_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openova-io/smtp-mirror/stalwart"
)

// TestAWaitingTryEndsWithItsContext: somebody else's slow login holds nobody for
// longer than they want.
func TestAWaitingTryEndsWithItsContext(t *testing.T) {
	g, inside, end := stalwart.NewGate(), make(chan struct{}), make(chan struct{})
	var slow sync.WaitGroup
	slow.Go(func() {
		_ = g.Do(t.Context(), credential("x"), func() (bool, error) { close(inside); <-end; return false, nil })
	})
	<-inside
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := g.Do(ctx, credential("x"), func() (bool, error) { t.Error("tried"); return false, nil })
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(end)
	slow.Wait()
}

// TestNeverABanByCutLogins: a login that ends without an answer may have been counted.
// It is tried again soon, but not for ever; a restart and a success begin anew.
func TestNeverABanByCutLogins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, tries := stalwart.NewGate(), 0
		cut := func() error {
			return g.Do(context.Background(), credential("x"), func() (bool, error) { tries++; return false, stalwart.ErrCut })
		}
		for range 9 {
			if !errors.Is(cut(), stalwart.ErrCut) {
				t.Fatal("it is not tried again")
			}
		}
		if err := g.Do(context.Background(), credential("x"), func() (bool, error) { return false, nil }); err != nil {
			t.Errorf("the server is back: %v", err)
		}
		for end := time.Now().Add(24 * time.Hour); time.Now().Before(end); time.Sleep(30 * time.Second) {
			_ = cut()
		}
		if tries > 9+40 || tries < 9+20 {
			t.Errorf("%d tries in a day", tries-9)
		}
		g.Renew()
	})
}
