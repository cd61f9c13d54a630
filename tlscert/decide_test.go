package tlscert_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/tlscert"
)

// model is Stalwart as it was observed to be: what is stored is in use after a reload or
// a restart, and of several certificates the one that ends last is shown.
type model struct {
	random  *rand.Rand
	stored  []entry
	inUse   []entry
	chosen  string // the default in the store, and in use
	used    string
	made    int
	blocker string
}

type entry struct {
	stalwart.Certificate
	rejected bool // cannot be loaded
}

func (m *model) add(leaf, owner string, life time.Duration, rejected bool) {
	m.made++
	m.stored = append(m.stored, entry{stalwart.Certificate{ID: fmt.Sprintf("id%d", m.made), Leaf: leaf, Owner: owner, NotAfter: time.Unix(0, 0).Add(life)}, rejected})
}

func (m *model) load() {
	m.inUse, m.used, m.blocker = nil, m.chosen, ""
	for _, c := range m.stored {
		if c.rejected {
			m.blocker = "Certificate " + c.ID
			continue
		}
		m.inUse = append(m.inUse, c)
	}
}

func (m *model) named() string {
	best := entry{}
	for _, c := range m.inUse {
		if !c.NotAfter.Before(best.NotAfter) {
			best = c
		}
	}
	return best.Leaf
}

func (m *model) byDefault() string {
	for _, c := range m.inUse {
		if c.ID == m.used {
			return c.Leaf
		}
	}
	if len(m.inUse) == 0 {
		return ""
	}
	return m.inUse[m.random.IntN(len(m.inUse))].Leaf // any of them (observed)
}

func (m *model) remove(id string) {
	m.stored = slices.DeleteFunc(m.stored, func(c entry) bool { return c.ID == id })
}

func shown(leaf string) tlscert.Shown {
	if leaf == "" {
		leaf = "the one that Stalwart makes for itself"
	}
	return tlscert.Shown{Leaf: leaf}
}

// walk is a run of the Keeper on the model, which may be cut off after some steps.
func (m *model) walk(t *testing.T, d tlscert.Desired, rejected bool, life time.Duration, patience int) tlscert.Step {
	t.Helper()
	o := tlscert.Observed{Generation: stalwart.Gen016, Seen: []tlscert.Seen{{Named: shown(m.named())}}}
	var step tlscert.Step
	for n := 0; n < patience; n++ {
		o.Held = nil
		for _, c := range m.stored {
			c.Default = c.ID == m.chosen
			o.Held = append(o.Held, c.Certificate)
		}
		step = tlscert.Decide(o, d)
		before, stored := m.named(), m.restarted()
		switch step.Action {
		case tlscert.Keep, tlscert.Hold:
			return step
		case tlscert.Install:
			m.add(d.Leaf, d.Owner, life, rejected)
			o.Written, o.Reloaded = true, false
		case tlscert.Use:
			m.chosen = step.Certificate.ID
			o.Written, o.Reloaded = true, false
		case tlscert.Destroy:
			m.destroyed(t, step, d)
			o.Reloaded = o.Reloaded && !step.Serves
		case tlscert.Withdraw:
			m.chosen = step.Instead
			m.destroyed(t, step, d)
			m.load()
			return tlscert.Step{Action: tlscert.Hold, Reason: tlscert.ReasonCertificateUnusable}
		case tlscert.Reload:
			m.load()
			byDefault := shown(m.byDefault())
			o.Seen, o.Reloaded, o.Written, o.Blocker = []tlscert.Seen{{Named: shown(m.named()), Default: &byDefault}}, true, false, m.blocker
		}
		if before != "" && stored != "" && m.named() == "" {
			t.Fatalf("%s left no certificate", step.Action)
		}
		if stored != "" && m.restarted() == "" {
			t.Fatalf("a restart after %s would leave no certificate", step.Action)
		}
	}
	return step
}

// restarted is what would be shown after a restart now.
func (m *model) restarted() string {
	other := model{stored: m.stored}
	other.load()
	return other.named()
}

func (m *model) destroyed(t *testing.T, step tlscert.Step, d tlscert.Desired) {
	t.Helper()
	if step.Certificate.Owner != d.Owner || step.Certificate.ID == m.chosen {
		t.Fatalf("%s of %+v, the default is %s", step.Action, step.Certificate, m.chosen)
	}
	m.remove(step.Certificate.ID)
}

// TestNeverWithoutACertificate walks through renewals of any life, certificates of
// others, restarts, lost volumes and runs that are cut off after any step: a host that
// had a certificate has one, also after a restart at that moment; what is not ours stays;
// and at last the wanted one is served alone, or a wait says why not.
func TestNeverWithoutACertificate(t *testing.T) {
	const seeds, rounds, enough = 300, 40, 20
	ends := map[string]int{}
	for seed := range uint64(seeds) {
		m := &model{random: rand.New(rand.NewPCG(seed, 1))}
		d, life, rejected := tlscert.Desired{Leaf: "leaf0", Owner: "ours"}, 100*time.Hour, false
		for round := range rounds {
			switch m.random.IntN(8) {
			case 0, 1, 2:
				d.Leaf, life = fmt.Sprintf("leaf%d", round), time.Duration(50+m.random.IntN(100))*time.Hour
				rejected = m.random.IntN(6) == 0
			case 3:
				m.add(fmt.Sprintf("foreign%d", round), "", time.Duration(m.random.IntN(120))*time.Hour, m.random.IntN(4) == 0)
			case 4:
				if i := slices.IndexFunc(m.stored, func(c entry) bool { return c.Owner == "" && c.ID != m.chosen }); i >= 0 {
					m.remove(m.stored[i].ID)
				}
			case 5:
				m.load() // a restart, or somebody else's reload
			case 6:
				if m.random.IntN(6) == 0 {
					*m = model{random: m.random, made: m.made}
				}
			}
			m.walk(t, d, rejected, life, m.random.IntN(8))
		}
		step := m.walk(t, d, rejected, life, enough)
		ends[string(step.Action)+step.Reason]++
		m.atRest(t, step, d, rejected)
	}
	if ends["Keep"] < seeds/2 || len(ends) < 3 {
		t.Errorf("it came to too few ends: %v", ends)
	}
}

func (m *model) atRest(t *testing.T, step tlscert.Step, d tlscert.Desired, rejected bool) {
	t.Helper()
	ours := 0
	for _, c := range m.stored {
		if c.Owner == d.Owner {
			ours++
		}
	}
	switch {
	case step.Action == tlscert.Keep && (m.named() != d.Leaf || ours != 1):
		t.Errorf("at rest it serves %s instead of %s, and holds %d of ours", m.named(), d.Leaf, ours)
	case step.Action == tlscert.Hold && step.Reason == tlscert.ReasonCertificateUnusable && !rejected:
		t.Error("it withdrew what was good")
	case step.Action == tlscert.Hold && step.Reason == tlscert.ReasonCertificateOverruled && slices.ContainsFunc(m.stored, func(c entry) bool { return c.Leaf == m.named() && c.Owner != "" }):
		t.Errorf("it calls %s foreign", m.named())
	case step.Action != tlscert.Keep && step.Action != tlscert.Hold:
		t.Errorf("no end: %+v", step)
	}
}
