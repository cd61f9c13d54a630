package zone

import (
	"fmt"
	"slices"
	"strings"
)

// Suggested is what a person should publish where a finding is not Published: our
// value, merged into the record of somebody else where that is an SPF or DMARC record
// that can be read.
func Suggested(f Finding) Merged {
	ours := Merged{Value: f.Record.Value}
	merge, is := MergeSPF, isSPF
	switch f.Record.Kind() {
	case KindSPF:
	case KindDMARC:
		merge, is = MergeDMARC, isDMARC
	default:
		return ours
	}
	for _, v := range f.Got {
		if !is(v) {
			continue
		}
		if merged, err := merge(v, ours.Value); err == nil {
			ours = merged
		}
	}
	return ours
}

// Page tells people what to publish, what is right, and what is wrong and how it
// differs; policy is the MTA-STS policy ([PolicyText]). A finding without a
// verdict was not looked at yet. It holds no time, so that it changes only when what it
// says does.
func Page(findings []Finding, policy string) string {
	var out strings.Builder
	out.WriteString("| record | type | state | why |\n|---|---|---|---|\n")
	for _, f := range findings {
		fmt.Fprintf(&out, "| `%s` | %s | %s | %s |\n", Shown(f.Record.Name), Shown(f.Record.Type), state(f), Shown(f.Record.Why))
	}
	for _, right := range []bool{false, true} {
		for _, f := range findings {
			if (f.Verdict == Published) == right {
				out.WriteString(f.details())
			}
		}
	}
	for _, f := range findings {
		if f.Record.Kind() == KindMTASTS && policy != "" {
			host := strings.TrimPrefix(f.Record.Name, "_")
			out.WriteString("\n#### The MTA-STS policy, at `https://" + Shown(host) + "/.well-known/mta-sts.txt`\n\n" + fenced(strings.Split(strings.TrimSpace(policy), "\r\n")...))
		}
	}
	return out.String()
}

func state(f Finding) string {
	switch f.Verdict {
	case "":
		return "not looked at yet"
	case Published:
		return "right"
	}
	return "**" + string(f.Verdict) + "**"
}

// details are a record's state, what is there instead, and the value in every form in
// which it may be wanted.
func (f Finding) details() string {
	r, lines := f.Record, slices.Clone(f.Notes)
	if f.Verdict != Published && f.Verdict != "" {
		suggested := Suggested(f)
		lines = append(lines, f.differences(suggested)...)
		r.Value = suggested.Value
	}
	if r.Type == "PTR" {
		lines = append(lines, "it is set where the address comes from (the cloud's console or API), not in the domain's zone")
	}
	var out strings.Builder
	fmt.Fprintf(&out, "\n#### `%s` %s: %s\n\n", Shown(r.Name), Shown(r.Type), state(f))
	for i, l := range lines {
		if !slices.Contains(lines[:i], l) {
			out.WriteString("- " + l + "\n")
		}
	}
	return strings.TrimRight(out.String(), "\n") + "\n\n" + fenced(forms(r)...)
}

// differences tell what is there and what to make of it.
func (f Finding) differences(suggested Merged) []string {
	var lines []string
	for _, v := range f.Got {
		lines = append(lines, fmt.Sprintf("there is, as `%s` says: `%s`", Shown(f.Server), Shown(v)))
	}
	if suggested.Value != f.Record.Value {
		lines = append(lines, "somebody else's record is there and is not overwritten; the value below holds both, to be set by hand")
	}
	return append(lines, suggested.Warnings...)
}

// forms are a value as one string, as character-strings, and as a line of a zone file.
func forms(r Record) []string {
	lines := []string{"value:   " + r.Value}
	if r.Type == "TXT" {
		lines = append(lines, "strings: "+Quote(r.Value))
	}
	if line, err := r.Bind(); err == nil {
		lines = append(lines, "BIND:    "+line)
	}
	return lines
}

// fenced is a block in which Markdown acts on nothing. In quotes and zone files \DDD
// still means the byte that it replaces.
func fenced(lines ...string) string {
	for i, l := range lines {
		lines[i] = harmless(l)
	}
	return "```\n" + strings.Join(lines, "\n") + "\n```\n"
}
