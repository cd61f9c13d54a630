package doctor

import (
	"context"
	"crypto/x509"
	"sync"

	"github.com/openova-io/smtp-mirror/submission"
	"github.com/openova-io/smtp-mirror/zone"
)

// share is what the checks of one run have in common: what one has asked, the others
// know. So nobody is asked twice, and what they say fits together.
type share struct {
	ctx    context.Context // of the run: who asks first may have less time than who waits for the same
	names  memory[[]zone.Answer]
	chains memory[[]*x509.Certificate]
	source memory[submission.Credentials]
	keys   memory[Keys]
	door   door
}

func newShare(ctx context.Context) *share { return &share{ctx: ctx} }

// memory keeps answers. It is safe for concurrent use; the zero value knows none.
type memory[T any] struct {
	mu    sync.Mutex
	known map[string]func(context.Context) (T, error)
}

// get gives what is known under a key, and asks where nothing is.
func (m *memory[T]) get(ctx context.Context, key string, ask func() (T, error)) (T, error) {
	m.mu.Lock()
	one, known := m.known[key]
	if !known {
		one = Once(func(context.Context) (T, error) { return ask() })
		if m.known == nil {
			m.known = map[string]func(context.Context) (T, error){}
		}
		m.known[key] = one
	}
	m.mu.Unlock()
	return one(ctx)
}
