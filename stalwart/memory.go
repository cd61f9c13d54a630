package stalwart

import (
	"strings"
	"sync"
)

// memory is what a connection remembers to ask less. Nothing in it is believed
// against an answer.
type memory struct {
	mu      sync.Mutex
	is016   bool              // the last server that answered as it should
	domains map[string]string // id by name
}

// likely016 reports whether it is not worth asking whether this is a 0.15: to all
// that follows one would answer that it does not know it.
func (m *memory) likely016() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.is016
}

func (m *memory) detected(is016 bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.is016 = is016
}

// doubt follows anything but a success: it may be another server by now.
func (m *memory) doubt(err error) {
	if err != nil {
		m.detected(false)
	}
}

// domain is the id that a domain had.
func (m *memory) domain(name string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.domains[strings.ToLower(name)]
}

func (m *memory) learn(name, id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.domains == nil {
		m.domains = map[string]string{}
	}
	m.domains[strings.ToLower(name)] = id
}
