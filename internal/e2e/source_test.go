package e2e

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/internal/rig"
)

// badField is a SOURCE in which one field is wrong.
type badField struct{ what, key, value string }

const missing = "\x00missing\x00"

func badFields() []badField {
	var all []badField
	for _, key := range []string{"smtp-host", "smtp-port", "smtp-from", "smtp-user", "smtp-pass"} {
		good := string(rig.SourceData(rig.FirstPassword)[key])
		all = append(all, badField{"missing", key, missing}, badField{"empty", key, ""}, badField{"ends in LF", key, good + "\n"})
	}
	return append(all,
		badField{"has a CR in it", "smtp-user", "nore\rply"},
		badField{"has a NUL in it", "smtp-pass", "canary-with-NUL-\x00-pa55word"},
		badField{"is zero", "smtp-port", "0"}, badField{"is too great", "smtp-port", "65536"},
		badField{"is negative", "smtp-port", "-587"}, badField{"is a word", "smtp-port", "submission"},
		badField{"is of another domain", "smtp-from", "noreply@elsewhere.test"},
		badField{"is of a subdomain", "smtp-from", "noreply@sub.example.test"},
		badField{"is no address", "smtp-from", "noreply"}, badField{"has a display name", "smtp-from", "Console <noreply@example.test>"},
	)
}

// TestBadSource: whatever is wrong with the SOURCE holds relay and mirror, names
// the key, leaves the mirror alone, and is over when the SOURCE is mended.
func TestBadSource(t *testing.T) {
	t.Parallel()
	s := newSite(t, layout{})
	s.secret("canary-with-NUL-\x00-pa55word")
	s.start()
	s.settled()
	version := s.mirror().ResourceVersion
	for _, bad := range badFields() {
		s.editSource(func(data map[string][]byte) {
			data[bad.key] = []byte(bad.value)
			if bad.value == missing {
				delete(data, bad.key)
			}
		})
		for _, target := range []string{relayTarget, s.mirrorTarget()} {
			s.until(target+" is held because "+bad.key+" "+bad.what, patience, s.heldNaming(target, "SourceInvalid", bad.key))
		}
		s.awaitEvent("SourceInvalid", "Secret", rig.SourceSecret, bad.key)
		if s.mirror().ResourceVersion != version {
			t.Fatalf("%s %s: the mirror was written", bad.key, bad.what)
		}
		s.editSource(func(data map[string][]byte) { data[bad.key] = rig.SourceData(rig.FirstPassword)[bad.key] })
		s.until("healed after "+bad.key+" "+bad.what, patience, s.converged)
	}
	if s.mirror().ResourceVersion != version {
		t.Error("the mirror was written although the SOURCE is what it was")
	}
}

// heldNaming reports whether a target is held for a reason and says what is wrong.
func (s *site) heldNaming(target, reason, word string) func(ctx context.Context) bool {
	return func(ctx context.Context) bool {
		targets, _, err := s.Status(ctx)
		row := targets[target]
		return err == nil && row.Outcome == "Held" && row.Reason == reason && contains(row.Message, word)
	}
}

func TestSourceDeleted(t *testing.T) {
	t.Parallel()
	s := newSite(t, layout{})
	s.start()
	s.settled()
	version := s.mirror().ResourceVersion
	s.deleteSecret(s.Home, rig.SourceSecret)
	s.await(relayTarget, "Held", "SourceMissing")
	s.await(s.mirrorTarget(), "Held", "SourceMissing")
	s.awaitEvent("SourceMissing", "Secret", rig.SourceSecret, s.Home+"/"+rig.SourceSecret)
	if s.mirror().ResourceVersion != version {
		t.Error("the mirror was written")
	}
	s.createSecret(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.Home, Name: rig.SourceSecret}, Data: rig.SourceData(rig.SecondPassword)})
	s.until("the new SOURCE is mirrored", patience, func(ctx context.Context) bool { return s.MirrorHolds(ctx, rig.SecondPassword) && s.converged(ctx) })
}

// TestSourceNeverGood: with a broken SOURCE from the start, the bytes of phase 1
// stay.
func TestSourceNeverGood(t *testing.T) {
	t.Parallel()
	s := newSite(t, layout{})
	s.editSource(func(data map[string][]byte) { delete(data, "smtp-pass") })
	version := s.mirror().ResourceVersion
	s.start()
	s.until("held", patience, s.heldNaming(s.mirrorTarget(), "SourceInvalid", "smtp-pass"))
	if m := s.mirror(); m.ResourceVersion != version || string(m.Data["smtp-pass"]) != rig.PhaseOnePass {
		t.Error("the seed was written")
	}
	if writes := s.mailWrites(); len(writes) > 0 {
		t.Errorf("Stalwart was written to without a SOURCE: %v", writes)
	}
}
