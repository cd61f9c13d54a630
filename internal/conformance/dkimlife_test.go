package conformance

import (
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/dkimkeys"
	"github.com/openova-io/smtp-mirror/dkimwatch"
	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/rotation"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/statesecret"
	"github.com/openova-io/smtp-mirror/watcher"
)

func dkimLives() []scenario {
	return []scenario{
		{name: "DKIM keys are made, used, replaced and ended", run: dkimLife},
		{name: "a domain whose DKIM keys are ours makes none", only: "0.16", run: dkimManual},
		{name: "a mounted DKIM key is brought into use, and back", only: "0.16", run: dkimImported},
		{name: "DKIM keys that are lost come back where they are kept", only: "0.16", run: dkimLost},
		{name: "DKIM keys of 0.15 are left to their administrator", only: "0.15", run: dkimObserved},
		{name: "a signing key of 0.15 that is not ours stays", only: "0.15", run: dkimForeign},
	}
}

// dkim is a keeper of keys with a DNS that says what the test wants.
type dkim struct {
	*rig
	keys    *dkimwatch.Keys
	secret  *stateSecret
	visible bool
	desired dkimkeys.Desired
}

func newDKIM(t *testing.T, s *suite, domain string) *dkim {
	t.Helper()
	must(t, s.operator.EnsureDomain(t.Context(), domain))
	k := &dkim{rig: newRig(t, s), secret: &stateSecret{}}
	words := map[string]string{"rsa-sha256": "rsa2048", "ed25519-sha256": "ed25519"}
	k.desired = dkimkeys.Desired{Rotate: true, Algorithms: []string{"rsa-sha256", "ed25519-sha256"}, Every: time.Hour, RetireAfter: time.Hour, DeleteAfter: time.Hour,
		Selector: dkimkeys.Template("sm{yyyymmdd}{algorithm}{n}", words)}
	k.keys = &dkimwatch.Keys{Domain: domain, Fleet: k.fleet, Store: &statesecret.Store{Secrets: k.secret, Name: "dkim", Key: dkimkeys.KeyState},
		Ref: corev1.ObjectReference{Kind: "ConfigMap", Name: "records"}, Pods: func() []watcher.Incarnation { return nil },
		Desired: func() (dkimkeys.Desired, error) { return k.desired, nil }, Taken: func() []string { return nil },
		Sight: func(dkimkeys.Listed) dkimkeys.Sight {
			return dkimkeys.Sight{Published: k.visible, Since: time.Now().Add(-time.Second)}
		}}
	return k
}

// settle runs the keeper and gives our keys by stage as the server lists them.
func (k *dkim) settle(t *testing.T) map[string][]string {
	t.Helper()
	_, err := k.keys.Reconcile(t.Context())
	must(t, err)
	stages := map[string][]string{}
	state, err := dkimkeys.DecodeState(k.secret.stored.Data[dkimkeys.KeyState])
	must(t, err)
	there, err := k.directory(t).Domain(t.Context(), k.keys.Domain)
	must(t, err)
	signers, err := k.directory(t).Signers(t.Context(), *there)
	must(t, err)
	for _, l := range listedKeys(t, k.directory(t), k.keys.Domain) {
		i := slices.IndexFunc(state.Keys, func(own dkimkeys.Key) bool {
			return (own.ID == l.ID || l.ID == "" && own.ID != "") && own.PublicKey == l.PublicKey
		})
		if i < 0 {
			continue
		}
		stage := l.Stage
		if signers != nil { // 0.15 knows only who signs
			stage = string(state.Keys[i].Stage)
			if signs := signers[l.Algorithm] == l.Selector; signs != (stage == "active") {
				t.Errorf("%s is %s, and %v sign", l.Selector, stage, signers)
			}
		}
		stages[stage] = append(stages[stage], l.Selector)
	}
	return stages
}

func (k *dkim) expect(t *testing.T, what string, want map[string]int) {
	t.Helper()
	got := k.settle(t)
	for _, stage := range []string{"pending", "active", "retiring", "retired"} {
		if len(got[stage]) != want[stage] {
			t.Errorf("%s: %v, want %v", what, got, want)
			return
		}
	}
}

func dkimLife(t *testing.T, s *suite) {
	k := newDKIM(t, s, "dkimlife.test")
	before := len(listedKeys(t, k.directory(t), k.keys.Domain))
	k.expect(t, "nobody can find them", map[string]int{"pending": 2})
	k.visible = true
	k.expect(t, "everybody can", map[string]int{"active": 2})
	k.desired.Request = rotation.NewRequest("one", false)
	k.visible = false
	k.expect(t, "asked for", map[string]int{"active": 2, "pending": 2})
	k.visible = true
	k.expect(t, "replaced", map[string]int{"active": 2, "retiring": 2})
	k.desired.RetireAfter = 0
	k.expect(t, "nothing is on its way", map[string]int{"active": 2, "retired": 2})
	k.desired.DeleteAfter = 0
	k.expect(t, "long ago", map[string]int{"active": 2})
	if after := len(listedKeys(t, k.directory(t), k.keys.Domain)); after != before+2 {
		t.Errorf("%d keys were there, %d are", before, after)
	}
	k.secrets = append(k.secrets, redact.New("PRIVATE KEY"))
}

func dkimImported(t *testing.T, s *suite) {
	k := newDKIM(t, s, "dkimimport.test")
	pair, err := dkimwatch.NewPair("ed25519-sha256")
	must(t, err)
	k.secrets = append(k.secrets, pair.Private)
	k.desired.Rotate, k.visible = false, true
	k.desired.Import = []dkimkeys.Mounted{{Selector: "mounted", Algorithm: "ed25519-sha256", PublicKey: pair.PublicKey}}
	k.keys.Private = func(string) (redact.Secret, error) { return pair.Private, nil }
	k.expect(t, "imported", map[string]int{"active": 1})
	i := slices.IndexFunc(listedKeys(t, k.directory(t), k.keys.Domain), func(l stalwart.DKIMKey) bool { return l.Selector == "mounted" && l.PublicKey == pair.PublicKey })
	if i < 0 {
		t.Error("it is another key")
	}
	for _, l := range listedKeys(t, k.directory(t), k.keys.Domain) {
		if l.Selector == "mounted" {
			must(t, k.directory(t).DestroyDKIMKey(t.Context(), l.ID))
		}
	}
	k.expect(t, "somebody has destroyed it", map[string]int{"active": 1})
}

// dkimManual waits for as long as a server takes that makes keys by itself.
func dkimManual(t *testing.T, s *suite) {
	const domain = "dkimmanual.test"
	d := newRig(t, s).directory(t)
	must(t, d.CreateDomain(t.Context(), domain, true))
	time.Sleep(3 * time.Second) // nothing tells that it makes none
	there, err := d.Domain(t.Context(), domain)
	must(t, err)
	if all := listedKeys(t, d, domain); there.DKIMAutomatic || len(all) > 0 {
		t.Errorf("%+v, %+v", there, all)
	}
}

func dkimLost(t *testing.T, s *suite) {
	for _, backup := range []bool{false, true} {
		k := newDKIM(t, s, map[bool]string{false: "dkimlost.test", true: "dkimkept.test"}[backup])
		k.keys.Backup, k.visible = backup, true
		first := k.settle(t)["active"]
		for _, l := range listedKeys(t, k.directory(t), k.keys.Domain) {
			must(t, k.directory(t).DestroyDKIMKey(t.Context(), l.ID))
		}
		again := k.settle(t)["active"]
		slices.Sort(first)
		slices.Sort(again)
		if len(again) != 2 || slices.Equal(first, again) != backup {
			t.Errorf("kept %t: %v, then %v", backup, first, again)
		}
	}
}

// dkimObserved has no administrator, but a key of our own without rights over settings.
func dkimObserved(t *testing.T, s *suite) {
	k := newDKIM(t, s, "dkim015.test")
	keyed := newKeyed(t, s)
	keyed.keep(t)
	k.keys.Fleet = keyed.fleet
	result, err := k.keys.Reconcile(t.Context())
	must(t, err)
	if result.Reason != dkimwatch.ReasonNoStages || len(listedKeys(t, k.directory(t), k.keys.Domain)) > 0 {
		t.Errorf("%+v", result)
	}
}

func dkimForeign(t *testing.T, s *suite) {
	k := newDKIM(t, s, "dkimforeign.test")
	must(t, s.operator.(*restOperator).addRSAKey(t.Context(), k.keys.Domain))
	k.visible, k.desired.Algorithms = true, []string{"rsa-sha256"}
	for range 2 {
		_, err := k.keys.Reconcile(t.Context())
		if watcher.ReasonOf(err) != stalwart.ReasonForeignSigner {
			t.Errorf("%v", err)
		}
	}
	there, err := k.directory(t).Domain(t.Context(), k.keys.Domain)
	must(t, err)
	signers, err := k.directory(t).Signers(t.Context(), *there)
	must(t, err)
	if len(signers) != 1 || strings.HasPrefix(signers["rsa-sha256"], "sm") {
		t.Errorf("%v", signers)
	}
}
