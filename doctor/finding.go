package doctor

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/openova-io/smtp-mirror/zone"
)

// Verdict is what a check says about an object.
type Verdict string

// The verdicts.
const (
	OK      Verdict = "ok"
	Warning Verdict = "warning" // mail is accepted today; look at it
	Wrong   Verdict = "wrong"   // mail is refused, lost, or goes to the junk
	Unknown Verdict = "unknown" // it could not be told
)

// severity orders verdicts for people: what matters first.
func severity(v Verdict) int {
	return slices.Index([]Verdict{Wrong, Unknown, Warning, OK}, v)
}

// Finding is what a check says about one object.
type Finding struct {
	Check   string  `json:"check"`
	Object  string  `json:"object"`
	Verdict Verdict `json:"verdict"`
	Want    string  `json:"want"`
	Got     string  `json:"got"`
	Todo    string  `json:"todo"` // "" where there is nothing to do
}

// worst is the worst of what several servers lead to, the findings of each in the same
// order. It names the server where they do not agree.
func worst(views []view, found [][]Finding) []Finding {
	var out []Finding
	for place := 0; ; place++ {
		at, agreed := -1, true
		for i, all := range found {
			if place >= len(all) {
				continue
			}
			if at >= 0 {
				agreed = agreed && all[place].Verdict == found[at][place].Verdict
			}
			if at < 0 || severity(all[place].Verdict) < severity(found[at][place].Verdict) {
				at = i
			}
		}
		if at < 0 {
			return out
		}
		f := found[at][place]
		if !agreed {
			f.Got += ", at " + shown(views[at].server)
			f.Todo += "; that server and the others disagree: see whether it is stale"
		}
		out = append(out, f)
	}
}

// Report is everything that was found, what matters first.
type Report struct {
	Findings []Finding `json:"findings"`
}

// reported sorts findings: by verdict, by the order of the checks, then by object, so
// that the same world gives the same page.
func reported(all []Finding, checks []Check) Report {
	order := map[string]int{}
	for i, c := range checks {
		order[c.Name] = i
	}
	slices.SortStableFunc(all, func(a, b Finding) int {
		return cmp.Or(severity(a.Verdict)-severity(b.Verdict), order[a.Check]-order[b.Check],
			strings.Compare(a.Object, b.Object), strings.Compare(a.Want, b.Want), strings.Compare(a.Got, b.Got))
	})
	if all == nil {
		all = []Finding{}
	}
	return Report{Findings: all}
}

// count is how many findings have a verdict.
func (r Report) count(v Verdict) int {
	n := 0
	for _, f := range r.Findings {
		if f.Verdict == v {
			n++
		}
	}
	return n
}

// Exit codes of a report.
const (
	ExitRight   = 0 // all that matters is right
	ExitWrong   = 1 // something is wrong
	ExitUnknown = 2 // nothing is wrong, but something could not be told
)

// ExitCode is the report in a number. A warning is no reason to fail; a report
// without findings knows nothing.
func (r Report) ExitCode() int {
	switch {
	case r.count(Wrong) > 0:
		return ExitWrong
	case r.count(Unknown) > 0 || len(r.Findings) == 0:
		return ExitUnknown
	}
	return ExitRight
}

// JSON is the report for programs: {"findings": [{check, object, verdict, want, got,
// todo}]}.
func (r Report) JSON() ([]byte, error) {
	text, err := json.MarshalIndent(r, "", "  ")
	return append(text, '\n'), err
}

// shown makes a text that may come from anybody fit for a terminal.
func shown(text string) string { return zone.Shown(text) }

// listed are values of a DNS answer, for people.
func listed(values []string) string {
	if len(values) == 0 {
		return "nothing"
	}
	return shown(strings.Join(slices.Sorted(slices.Values(values)), ", "))
}
