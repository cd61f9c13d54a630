package dkimwatch

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/stalwart"
)

// TestPast: what mail was signed with stays after Stalwart has lost it, until mail cannot
// be on its way any more; what was never in use, was retired, or has lost its selector to
// another key goes at once.
func TestPast(t *testing.T) {
	const stay = 7 * 24 * time.Hour
	now := time.Unix(1e9, 0)
	one := func(selector, stage string) stalwart.DKIMKey { return key(selector, ed, stage, 0) }
	rows := []struct {
		name  string
		first []stalwart.DKIMKey
		then  []stalwart.DKIMKey
		want  string
	}{
		{"nothing is lost", []stalwart.DKIMKey{one("a", "active")}, []stalwart.DKIMKey{one("a", "active")}, ""},
		{"a lost volume", []stalwart.DKIMKey{one("a", "active"), one("b", "retiring")}, []stalwart.DKIMKey{one("c", "active")}, "a b"},
		{"everything is lost", []stalwart.DKIMKey{one("a", "active")}, nil, "a"},
		{"it was not in use", []stalwart.DKIMKey{one("a", "pending")}, nil, ""},
		{"it was retired", []stalwart.DKIMKey{one("a", "retired")}, nil, ""},
		{"another key has its selector", []stalwart.DKIMKey{one("a", "active")}, []stalwart.DKIMKey{{Selector: "a", Algorithm: ed, Stage: "active", PublicKey: "another"}}, ""},
		{"it has no bytes", []stalwart.DKIMKey{{Selector: "a", Stage: "active"}}, nil, ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			p := Past{}
			if gone, _ := p.Follow(row.first, stay, now); len(gone) > 0 {
				t.Errorf("%v", gone)
			}
			for _, at := range []time.Duration{time.Hour, 2 * time.Hour} {
				gone, next := p.Follow(row.then, stay, now.Add(at))
				var got []string
				for _, k := range gone {
					got = append(got, k.Selector)
					if k.Stage != StageRetiring {
						t.Errorf("%+v", k)
					}
				}
				if strings.Join(got, " ") != row.want || (len(got) > 0) != (next == stay-at+time.Hour) {
					t.Errorf("%v, next %v", got, next)
				}
			}
			if gone, next := p.Follow(row.then, stay, now.Add(stay+time.Hour)); len(gone) > 0 || next != 0 {
				t.Errorf("%v %v", gone, next)
			}
		})
	}
	p := Past{}
	p.Follow([]stalwart.DKIMKey{one("a", "active")}, stay, now)
	p.Follow(nil, stay, now)
	if gone, _ := p.Follow([]stalwart.DKIMKey{one("a", "retired")}, stay, now); len(gone) > 0 || slices.Contains([]int{1}, len(p)) {
		t.Errorf("what comes back retired is over: %v", p)
	}
}
