package stalwart_test

import (
	"context"
	"errors"
	"sync"
	"testing"

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
