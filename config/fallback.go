package config

import (
	"fmt"
	"slices"
	"time"
)

// Fallback is how a mirror goes back to the bytes of phase 1 while our own relay
// fails.
type Fallback struct {
	Enabled bool      `json:"enabled"`
	After   *Duration `json:"after"`  // how long the relay must have failed, or worked again
	Secret  string    `json:"secret"` // where the bytes are kept, in the mirror's namespace
}

// FallsBack reports whether some mirror may go back.
func (s Submission) FallsBack() bool {
	return slices.ContainsFunc(s.Mirrors, func(m Mirror) bool { return m.Fallback.Enabled })
}

func (f *Fallback) complete() {
	if f.After == nil {
		f.After = &Duration{Duration: 2 * time.Minute}
	}
	fill(&f.Secret, "sovereign-smtp-credentials-phase1")
}

// fallbacks checks them all, once every other role of a Secret is known.
func (c *checker) fallbacks(cfg *Config, taken map[string]bool) {
	for i, s := range cfg.Submissions {
		for j, m := range s.Mirrors {
			at, f := fmt.Sprintf("submissions[%d].mirrors[%d].fallback", i, j), m.Fallback
			c.duration(at+".after", *f.After, time.Second)
			c.name(at+".secret", f.Secret)
			if !f.Enabled {
				continue
			}
			id := m.Namespace + "/" + f.Secret
			c.that(!taken[id], at+".secret", "%s has another role", id)
			taken[id] = true
			c.that(s.Gate == GateLogin, fmt.Sprintf("submissions[%d].gate", i), "must be login where a mirror has a fallback")
		}
	}
}
