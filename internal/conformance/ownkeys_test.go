package conformance

import (
	"errors"
	"slices"
	"testing"

	"github.com/openova-io/smtp-mirror/dkimwatch"
	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/stalwart"
)

// ownKey brings in a key of each algorithm and takes it through its life: it comes
// back with the bytes that we published, under an id of its own, beside whatever else
// has its selector.
func ownKey(t *testing.T, s *suite) {
	const domain = "ownkeys.test"
	must(t, s.operator.EnsureDomain(t.Context(), domain))
	must(t, s.operator.AddKey(t.Context(), domain, "sm1", "active"))
	d := newRig(t, s).directory(t)
	there, err := d.Domain(t.Context(), domain)
	must(t, err)
	foreign := listedKeys(t, d, domain)[0]
	for _, algorithm := range []string{"rsa-sha256", "ed25519-sha256"} {
		pair, err := dkimwatch.NewPair(algorithm)
		must(t, err)
		must(t, d.CreateDKIMKey(t.Context(), *there, stalwart.NewDKIMKey{Selector: "sm1", Algorithm: algorithm, Private: pair.Private, Stage: "pending"}))
		of := func() *stalwart.DKIMKey {
			all := listedKeys(t, d, domain)
			i := slices.IndexFunc(all, func(k stalwart.DKIMKey) bool { return k.PublicKey == pair.PublicKey })
			if i < 0 {
				return nil
			}
			return &all[i]
		}
		made := of()
		if made == nil || made.ID == "" || made.ID == foreign.ID || made.Selector != "sm1" || made.Algorithm != algorithm || made.Stage != "pending" {
			t.Fatalf("the key is %+v", made)
		}
		for _, stage := range []string{"active", "retiring", "retired", "active"} {
			must(t, d.MoveDKIMKey(t.Context(), made.ID, stage))
			must(t, d.ForgetAll(t.Context()))
			if got := of(); got == nil || got.Stage != stage || got.ID != made.ID {
				t.Errorf("moved to %s it is %+v", stage, got)
			}
		}
		for range 2 { // the second time there is nothing
			must(t, d.DestroyDKIMKey(t.Context(), made.ID))
		}
		if got := of(); got != nil {
			t.Errorf("it is still there: %+v", got)
		}
	}
	if all := listedKeys(t, d, domain); len(all) != 1 || all[0].ID != foreign.ID {
		t.Errorf("what is not ours is %+v", all)
	}
	secret := redact.New("not a key, canary-of-the-own-keys")
	err = d.CreateDKIMKey(t.Context(), *there, stalwart.NewDKIMKey{Selector: "sm2", Algorithm: "rsa-sha256", Private: secret, Stage: "pending"})
	var refused *stalwart.RefusedError
	if !errors.As(err, &refused) {
		t.Errorf("a key that is none: %v", err)
	}
}
