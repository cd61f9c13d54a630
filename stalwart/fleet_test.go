package stalwart

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// silence is a server that takes everything and answers nothing.
type silence struct{}

func (silence) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// TestTellingASilentPod costs its five seconds and no more, and is told from what is done
// at one that answers.
func TestTellingASilentPod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const pod = "10.0.0.7:8080"
		fleet := &Fleet{conns: map[string]*Conn{pod: connect(t, silence{})}}
		begin := time.Now()
		opened, err := fleet.Tell(t.Context(), pod, func(Directory, context.Context) error { return nil })
		var unreachable *UnreachableError
		if opened || !errors.As(err, &unreachable) || time.Since(begin) != podPatience {
			t.Errorf("%v, %v after %s", opened, err, time.Since(begin))
		}
	})
}
