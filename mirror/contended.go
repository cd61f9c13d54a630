package mirror

import (
	"slices"
	"time"
)

// A few repairs are drift. The same repair dozens of times in seconds is another
// writer who takes it for drift of his own: two such would never rest.
const (
	contendedRepairs = 30
	contendedSpan    = 10 * time.Second
	contendedPause   = time.Second
)

// repair is one apply that no change of the SOURCE asked for.
type repair struct {
	what string
	at   time.Time
}

// contended counts a repair, and reports whether there were too many of its kind
// of late.
func (m *Mirror) contended(what string, now time.Time) bool {
	m.repairs = slices.DeleteFunc(m.repairs, func(r repair) bool { return now.Sub(r.at) > contendedSpan })
	same := 0
	for _, r := range m.repairs {
		if r.what == what {
			same++
		}
	}
	if same >= contendedRepairs {
		return true
	}
	m.repairs = append(m.repairs, repair{what, now})
	return false
}
