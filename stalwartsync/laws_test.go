package stalwartsync

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
)

// TestLawPlanEnds: a plan that was carried out leaves nothing to plan. Only a new
// account gets its addresses in a second step. And no step asks again for what the
// one before has done, which would be taken for a write that was lost.
func TestLawPlanEnds(t *testing.T) {
	worlds(t, func(t *testing.T, d dice) {
		g := d.generation()
		o, want, b := d.observed(g), d.desired(t, g), d.belief()
		first := Plan(o, want, b)
		o, b = execute(o, want, first), b.Tried(first)
		second := Plan(o, want, b)
		for _, op := range second {
			// What stands beside a write waits for it: the caches are dropped when
			// nothing else is left to do.
			if op.Kind != GrantAddress && op.Kind != DropCaches && op.Kind != GrantPermissions {
				t.Errorf("%s, then %s", show(first), show(second))
			}
		}
		if lost := repeated(first, second); lost != "" {
			t.Errorf("%s would count as lost", lost)
		}
		o, b = execute(o, want, second), b.Tried(second)
		third := Plan(o, want, b)
		b = b.Tried(third)
		if fourth := Plan(execute(o, want, third), want, b); len(fourth) > 0 {
			t.Errorf("%s, then %s, then %s, then %s", show(first), show(second), show(third), show(fourth))
		}
	})
}

// TestLawPlanAdds: every operation adds; what somebody took away explicitly is
// not given back, and the order is the documented one.
func TestLawPlanAdds(t *testing.T) {
	order := []Kind{CreateDomain, SetDefaults, BindListener, CreateAccount, GrantAddress, GrantPermissions, SetPassword, AllowIP, AddWebhook, RekeyWebhook, DropCaches}
	worlds(t, func(t *testing.T, d dice) {
		g := d.generation()
		o, want := d.observed(g), d.desired(t, g)
		ops := Plan(o, want, d.belief())
		for _, op := range ops {
			if !slices.Contains(order, op.Kind) {
				t.Errorf("%s is not known to add", op)
			}
			for _, p := range op.Permissions {
				if slices.Contains(o.Account.Denied, p) {
					t.Errorf("%s gives back what was taken away", op)
				}
			}
			if op.Defaults.Hostname != "" && o.Defaults.Hostname != "" || op.Defaults.Domain != "" && o.Defaults.Domain != "" {
				t.Errorf("%s replaces a default", op)
			}
			if g == stalwart.Gen015 && (op.Kind == SetDefaults || op.Kind == BindListener || op.Kind == AddWebhook || op.Kind == RekeyWebhook) {
				t.Errorf("%s on 0.15", op)
			}
		}
	})
}

// TestLawPlanDeterministic: and it shows no secret.
func TestLawPlanDeterministic(t *testing.T) {
	worlds(t, func(t *testing.T, d dice) {
		g := d.generation()
		o, want, b := d.observed(g), d.desired(t, g), d.belief()
		ops := Plan(o, want, b)
		if !reflect.DeepEqual(ops, Plan(o, want, b)) {
			t.Error("two plans of one world")
		}
		if strings.Contains(fmt.Sprintf("%+v %#v", ops, ops), canary) {
			t.Error("a plan shows a secret")
		}
		said := map[string]bool{}
		for _, op := range ops {
			if said[op.String()] {
				t.Errorf("%s stands twice", op)
			}
			said[op.String()] = true
		}
	})
}

// TestLawEachCureOnce: whatever the logins say, in whatever order, no cure is
// tried a second time.
func TestLawEachCureOnce(t *testing.T) {
	worlds(t, func(t *testing.T, d dice) {
		g := d.generation()
		o, want := d.observed(g), d.desired(t, g)
		o = execute(o, want, Plan(o, want, Belief{})) // so that only cures are left
		o = execute(o, want, Plan(o, want, Belief{}))
		b, count := Belief{}, map[Kind]int{}
		for range 20 {
			b = b.Learn(pick(d, smtpprobe.PasswordRefused, smtpprobe.NotAuthorized, smtpprobe.SenderRefused, smtpprobe.Unreachable, smtpprobe.TemporaryError))
			ops := Plan(o, want, b)
			b = b.Tried(ops)
			for _, op := range ops {
				count[op.Kind]++
			}
		}
		for kind, n := range count {
			if n > 1 {
				t.Errorf("%s was tried %d times", kind, n)
			}
		}
		if b.Learn(smtpprobe.Accepted) != (Belief{}) {
			t.Error("an accepted login leaves doubts")
		}
	})
}

// TestLawBindsAreOurs: a listener of another protocol never gets our port,
// whatever its name is, and one that serves is left alone.
func TestLawBindsAreOurs(t *testing.T) {
	worlds(t, func(t *testing.T, d dice) {
		o, want := d.observed(stalwart.Gen016), d.desired(t, stalwart.Gen016)
		for _, op := range Plan(o, want, Belief{}) {
			if op.Kind != BindListener {
				continue
			}
			if !want.Manage || Serving(o, want) != nil {
				t.Errorf("%s is not wanted", op)
			}
			for _, l := range o.Listeners {
				if l.ID == op.Listener.ID && l.Protocol != "smtp" {
					t.Errorf("%s, to a listener of %s", op, l.Protocol)
				}
			}
		}
	})
}

// TestPlanIsTotal: a domain without an account, an address without a domain.
func TestPlanIsTotal(t *testing.T) {
	d := roll(1).desired(t, stalwart.Gen016)
	d.Addresses = []string{"", "no domain", "@", "a@b@c"}
	for _, o := range []Observed{{}, {Generation: stalwart.Gen016}, {Account: &stalwart.Account{}}, {Account: &stalwart.Account{Addresses: []string{""}}}} {
		_ = Plan(o, d, Belief{PasswordStale: true, Unauthorized: true, SendersRefused: true})
		_ = Obstacle(o, d)
		_ = Diagnose(smtpprobe.Result{}, o, d, false)
	}
}
