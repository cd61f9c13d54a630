package resolver

import (
	"strings"
	"testing"

	"github.com/openova-io/smtp-mirror/zone"
)

// TestLower: where to go on, by what the servers of a zone say.
func TestLower(t *testing.T) {
	answers := func(apex string) reply { return reply{apex: apex} }
	refers := func(to string, hosts ...string) reply {
		return reply{answer: zone.Answer{Problem: "refers"}, referred: to, hosts: hosts}
	}
	fails := reply{answer: zone.Answer{Problem: "fails"}, apex: "b.a."}
	for what, c := range map[string]struct {
		at      cut
		replies []reply
		want    string
	}{
		"all answer":              {cut{zone: "a."}, []reply{answers("a."), answers("a.")}, ""},
		"out of the zone below":   {cut{zone: "a."}, []reply{answers("a."), answers("b.a.")}, "b.a."},
		"beside a referral":       {cut{zone: "a."}, []reply{answers("b.a."), refers("b.a.", "y.", "x."), refers("b.a.", "x.")}, "b.a. x. y."},
		"the highest first":       {cut{zone: "a."}, []reply{answers("c.b.a."), refers("b.a.", "x.")}, "b.a. x."},
		"nobody knows":            {cut{zone: "a."}, []reply{answers(""), fails}, ""},
		"a zone above, elsewhere": {cut{zone: "b.a."}, []reply{answers("a."), answers("x.")}, ""},
		"configured":              {cut{zone: "a.", told: true}, []reply{answers("b.a.")}, ""},
		"configured, and refers":  {cut{zone: "a.", told: true}, []reply{answers("b.a."), refers("b.a.", "x.")}, "b.a. x."},
		"a guess that answers":    {cut{zone: ".", told: true, guess: true}, []reply{answers("b.a."), refers("a.", "x.")}, ""},
		"a guess that refers":     {cut{zone: ".", told: true, guess: true}, []reply{fails, refers("a.", "x.")}, "a. x."},
	} {
		below, hosts := lower(c.at, c.replies)
		if got := strings.TrimSpace(below + " " + strings.Join(hosts, " ")); got != c.want {
			t.Errorf("%s: %q, not %q", what, got, c.want)
		}
	}
}
