package dkimkeys

import (
	"fmt"
	"slices"
	"time"

	"github.com/openova-io/smtp-mirror/redact"
)

// The times of the model.
const (
	every       = 20 * time.Hour
	retireAfter = 5 * time.Hour
	deleteAfter = 9 * time.Hour
	negative    = time.Hour
)

// held is a key in the model of Stalwart. A signer that is warm signs with the keys
// that were active when it was filled.
type held struct {
	Listed
	foreign bool
}

// model is Stalwart, the DNS, the Secret, and us.
type model struct {
	t       interface{ Errorf(string, ...any) }
	now     time.Time
	state   State
	keys    []held
	warm    []string             // selectors that the signer uses; nil = it is cold
	dns     map[string]time.Time // selectors whose record every server has, since when
	wanted  map[string]string    // what the documents say: selector to bytes, "" = emptied
	signed  map[string]time.Time // when a selector was last signed with
	revoked bool
	made    int
	ids     int
	d       Desired
	seen    []string // selectors that were ever made
	backup  bool
}

func newModel(t interface{ Errorf(string, ...any) }) *model {
	words := map[string]string{"rsa-sha256": "rsa2048", "ed25519-sha256": "ed25519"}
	return &model{t: t, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), dns: map[string]time.Time{}, wanted: map[string]string{}, signed: map[string]time.Time{},
		keys: []held{{Listed{"f", "v1-ed25519", "ed25519-sha256", "foreign", Active}, true}},
		d:    Desired{Rotate: true, Algorithms: []string{"rsa-sha256", "ed25519-sha256"}, Every: every, RetireAfter: retireAfter, DeleteAfter: deleteAfter, Selector: Template("sm{yyyymmdd}{algorithm}{n}", words)}}
}

func (m *model) observed() Observed {
	o := Observed{State: m.state, Sights: map[string]Sight{}}
	for _, k := range m.keys {
		o.Listed = append(o.Listed, k.Listed)
	}
	for selector, since := range m.dns {
		o.Sights[selector] = Sight{Published: true, Since: since, Negative: negative}
	}
	return o
}

// write is one half of a step that may not come to pass.
type write func(m *model)

// carry gives the writes of a step, in their order.
func (m *model) carry(s Step) []write {
	save := func(to State) write { return func(m *model) { m.state = to } }
	create := func(k Key) write {
		return func(m *model) {
			m.ids++
			m.keys = append(m.keys, held{Listed{fmt.Sprint("id", m.ids), k.Selector, k.Algorithm, k.PublicKey, Pending}, false})
		}
	}
	switch s.Kind {
	case Make:
		k := s.Key
		m.made++
		k.PublicKey = fmt.Sprint("bytes", m.made)
		if m.backup {
			k.Private = redact.New("private " + k.PublicKey)
		}
		made := func(m *model) { m.state, m.seen = s.State.With(k), append(m.seen, k.Selector) }
		return []write{made, create(k)}
	case Restore, Import:
		return []write{save(s.State), create(s.Key)}
	case Move:
		return []write{func(m *model) { m.stage(s.Key.ID, s.To) }}
	case Settle:
		return []write{func(m *model) { m.warm = nil }, save(s.State)}
	case Destroy:
		return []write{func(m *model) { m.destroy(s.Key.ID) }, save(s.State)}
	case Record, Prove:
		return []write{save(s.State)}
	}
	return nil
}

func (m *model) stage(id string, to Stage) {
	i := slices.IndexFunc(m.keys, func(k held) bool { return k.ID == id })
	if i < 0 || m.keys[i].foreign {
		m.t.Errorf("a key that is not ours was moved: %q", id)
		return
	}
	if since, there := m.dns[m.keys[i].Selector]; to == Active && (!there || m.now.Sub(since) < negative) {
		m.t.Errorf("%s signs, and not everybody can find it", m.keys[i].Selector)
	}
	m.keys[i].Stage, m.warm = to, nil
}

func (m *model) destroy(id string) {
	i := slices.IndexFunc(m.keys, func(k held) bool { return k.ID == id })
	if i < 0 {
		return
	}
	if m.keys[i].foreign {
		m.t.Errorf("a key that is not ours was destroyed")
	}
	m.keys, m.warm = slices.Delete(m.keys, i, i+1), nil
}

// follow publishes what the documents say, as the record keeper and a publisher do:
// a key that is there, and what is left of one that is lost.
func (m *model) follow() {
	m.wanted = map[string]string{}
	order := []Stage{Retired, Pending, Retiring, Active} // as in package zone, where two keys share a selector
	recorded := Recorded(m.state, m.observed().Listed)
	slices.SortStableFunc(recorded, func(a, b Listed) int { return slices.Index(order, a.Stage) - slices.Index(order, b.Stage) })
	for _, k := range recorded {
		m.wanted[k.Selector] = k.PublicKey
		if k.Stage == Retired {
			m.wanted[k.Selector] = ""
		}
	}
	for selector := range m.dns {
		if m.wanted[selector] == "" {
			delete(m.dns, selector)
		}
	}
	for selector, bytes := range m.wanted {
		if _, there := m.dns[selector]; !there && bytes != "" {
			m.dns[selector] = m.now
		}
	}
}

// mail signs with what the signer uses, and is looked at now.
func (m *model) mail() {
	if m.warm == nil {
		m.warm = []string{}
		for _, k := range m.keys {
			if k.Stage == Active {
				m.warm = append(m.warm, k.Selector)
			}
		}
	}
	for _, selector := range m.warm {
		if selector != "v1-ed25519" { // the law is about ours
			m.signed[selector] = m.now
		}
	}
}

// late looks at mail that is on its way.
func (m *model) late() {
	for selector, at := range m.signed {
		if m.wanted[selector] == "" && !m.revoked && m.now.Sub(at) < retireAfter {
			m.t.Errorf("the record of %s is gone %s after a mail was signed with it", selector, m.now.Sub(at))
		}
	}
}

// run takes steps until nothing is left to do now; stop says where it dies.
func (m *model) run(stop func() bool) {
	for range 100 {
		s := Next(m.observed(), m.d, m.now)
		if s.Kind == Rest {
			return
		}
		for _, w := range m.carry(s) {
			if stop() {
				return
			}
			w(m)
		}
		m.late()
	}
	m.t.Errorf("no end: %+v", Next(m.observed(), m.d, m.now))
}

func never() bool { return false }

// tick is a moment in which everybody does his part.
func (m *model) tick(d time.Duration) {
	m.now = m.now.Add(d)
	m.run(never)
	m.follow()
	m.mail()
	m.late()
}

// lose makes a new data volume: ids and selectors come back equal, with other bytes.
func (m *model) lose() {
	for i := range m.keys {
		m.keys[i].PublicKey, m.keys[i].foreign = "another "+m.keys[i].PublicKey, true
	}
	m.keys, m.warm = m.keys[:min(len(m.keys), 2)], nil
}

// of lists our keys of a stage as "algorithm".
func (m *model) of(stage Stage) (all []string) {
	for _, k := range m.state.Keys {
		if k.Stage == stage {
			all = append(all, k.Algorithm)
		}
	}
	slices.Sort(all)
	return all
}
