package e2e

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/internal/rig"
)

// TestManyWriters: others write the same ConfigMap all the time, some of them
// blanking what is ours as an upgrade does; nobody loses an update.
func TestManyWriters(t *testing.T) {
	t.Parallel()
	const writers, edits = 4, 20
	s := newSite(t, layout{})
	s.start()
	s.settled()
	var work sync.WaitGroup
	for w := range writers {
		work.Go(func() {
			for e := range edits {
				s.editByOther(fmt.Sprintf("w%d-e%d", w, e), w == 0)
			}
		})
	}
	work.Wait()
	s.until("the records are true", patience, s.recordsTrue)
	s.until("everything converges", patience, s.converged)
	c, err := s.Admin.CoreV1().ConfigMaps(s.Home).Get(t.Context(), rig.RecordsConfigMap, metav1.GetOptions{})
	must(t, err)
	for w := range writers {
		for e := range edits {
			name := fmt.Sprintf("w%d-e%d", w, e)
			if c.Data[name] != "kept" || !contains(c.Data["records.json"], `"`+name+`": "kept"`) {
				t.Errorf("the edit %s is lost", name)
			}
		}
	}
	s.nothingWritten("the writers have stopped", s.proveAgain)
}

// editByOther adds a key to the ConfigMap and a field to records.json; one that
// blanks also empties the public key.
func (s *site) editByOther(name string, blank bool) {
	for {
		maps := s.Admin.CoreV1().ConfigMaps(s.Home)
		c, err := maps.Get(s.t.Context(), rig.RecordsConfigMap, metav1.GetOptions{})
		if err != nil {
			s.t.Error(err)
			return
		}
		c.Data[name] = "kept"
		c.Data["records.json"] = strings.Replace(c.Data["records.json"], "{", `{"`+name+`": "kept", `, 1)
		if blank {
			blankKey(c)
		}
		if _, err = maps.Update(s.t.Context(), c, metav1.UpdateOptions{}); err == nil || s.t.Context().Err() != nil {
			return
		}
	}
}

// blankKey empties the first publicKey, the one of "dkim".
func blankKey(c *corev1.ConfigMap) {
	head, rest, found := strings.Cut(c.Data["records.json"], `"publicKey": "`)
	_, tail, closed := strings.Cut(rest, `"`)
	if found && closed {
		c.Data["records.json"] = head + `"publicKey": "` + `"` + tail
	}
}

// proveAgain restarts Stalwart, which changes nothing, and waits until the
// relay was proven anew.
func (s *site) proveAgain() {
	s.t.Helper()
	begin := s.lastProof()
	must(s.t, s.mail.Restart())
	s.until("proven again", patience, s.provenAfter(begin))
	s.until("converged again", patience, s.converged)
}
