package rotation

import (
	"fmt"
	"hash/fnv"
	"strings"
)

// key stands for everything that matters for what may follow.
type key [16]byte

func (m *model) key() (k key) {
	h := fnv.New128a()
	_, _ = h.Write([]byte(m.String()))
	h.Sum(k[:0])
	return k
}

// String is the whole state. Its secrets are none.
func (m *model) String() string {
	var b strings.Builder
	b.Grow(512)
	_, _ = fmt.Fprint(&b, m.absent, m.seeding, m.forgot, m.main, m.apps, m.foreign, m.source, m.request, m.budget, m.mirror, m.rendered, m.left, m.revoked, m.excused, m.consumers, m.tick, m.skew, "|")
	for _, g := range m.state.Generations {
		_, _ = fmt.Fprint(&b, g.Number, g.Slot, g.ID, g.Password.Reveal(), g.Left.Sub(epoch), ";")
		if g.Number == m.state.Current && (m.lifetime > 0) {
			_, _ = fmt.Fprint(&b, g.Created.Sub(epoch))
		}
	}
	_, _ = fmt.Fprint(&b, m.state.Current, m.state.Last, m.state.Handled, m.state.Renew, m.state.Revoked)
	m.memory.key(&b, m.version)
	if m.late != nil {
		m.late.key(&b, m.version)
	}
	return b.String()
}

func (m *memory) key(b *strings.Builder, version int) {
	_, _ = fmt.Fprint(b, "|", m.did, m.proven, m.refused)
	if m.step != nil {
		_, _ = fmt.Fprint(b, m.step.Kind, m.step.Generation.Number, m.step.App.ID, m.version == version)
	}
}
