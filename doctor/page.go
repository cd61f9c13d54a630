package doctor

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Page is the report for people: what matters first, what to do beside it, and a last
// line that answers the question. It is the same for the same findings.
func (r Report) Page(from string) string {
	var out strings.Builder
	checks, objects := r.widths()
	for _, f := range r.Findings {
		line := fmt.Sprintf("%-8s %-*s  %-*s", marked(f.Verdict), checks, f.Check, objects, f.Object)
		if f.Verdict == OK {
			line += "  " + short72(f.Got)
		}
		out.WriteString(strings.TrimRight(line, " ") + "\n")
		if f.Verdict == OK {
			continue
		}
		for _, part := range [][2]string{{"want", f.Want}, {"got", f.Got}, {"todo", f.Todo}} {
			if part[1] != "" {
				fmt.Fprintf(&out, "         %-4s  %s\n", part[0], part[1])
			}
		}
	}
	fmt.Fprintf(&out, "\n%d wrong, %d unknown, %d to look at, %d right\n%s\n", r.count(Wrong), r.count(Unknown), r.count(Warning), r.count(OK), r.answer(from))
	return out.String()
}

// answer is the last line.
func (r Report) answer(from string) string {
	question := "Will the outside accept mail from " + from + "? "
	switch r.ExitCode() {
	case ExitWrong:
		return question + fmt.Sprintf("No: %s wrong.", things(r.count(Wrong)))
	case ExitUnknown:
		return question + fmt.Sprintf("It cannot be told: nothing is known to be wrong, but %s unknown.", things(r.count(Unknown)))
	}
	return question + "Yes: everything that matters is right."
}

func things(n int) string {
	if n == 1 {
		return "1 thing is"
	}
	return fmt.Sprintf("%d things are", n)
}

// marked is a verdict as it stands at the edge of the page.
func marked(v Verdict) string {
	if v == OK {
		return string(v)
	}
	return strings.ToUpper(string(v))
}

// widths are those of the columns.
func (r Report) widths() (checks, objects int) {
	for _, f := range r.Findings {
		checks = max(checks, utf8.RuneCountInString(f.Check))
		if f.Verdict == OK {
			objects = max(objects, utf8.RuneCountInString(f.Object))
		}
	}
	return checks, min(objects, 60)
}

// short72 is a text that fits beside the others.
func short72(text string) string {
	if len(text) > 72 {
		return text[:69] + "..."
	}
	return text
}
