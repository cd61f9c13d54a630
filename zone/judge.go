package zone

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

func judgeDKIM(want string, values []string) (Verdict, []string) {
	if len(values) > 1 {
		return Multiple, []string{"several TXT records at one selector: what receivers do then is undefined (RFC 6376, section 3.6.2.2)"}
	}
	got, err := ParseDKIM(values[0])
	if err != nil {
		return NotDKIM, brokenDKIM(values[0])
	}
	wanted, err := ParseDKIM(want)
	switch {
	case err != nil:
		return Mismatch, []string{"what is wanted is no DKIM record itself"}
	case got.Revoked() && wanted.Revoked():
		return Published, got.notes()
	case got.Revoked():
		return Revoked, nil
	case !got.verifies(wanted):
		return Mismatch, append(differences(got, wanted), got.notes()...)
	}
	return Published, got.notes()
}

// brokenDKIM names the mistakes that people make in a provider's form.
func brokenDKIM(text string) []string {
	switch {
	case strings.Contains(text, `\;`):
		return []string{`there are backslashes before the semicolons: this provider wants the value without them`}
	case strings.HasPrefix(text, `"`):
		return []string{`there are quotes within the value: this provider wants it without them`}
	case strings.HasPrefix(text, "v=spf1"), strings.HasPrefix(text, "v=DMARC1"):
		return []string{"this record belongs to another name"}
	}
	return nil
}

func differences(got, want DKIM) []string {
	switch {
	case want.Revoked():
		return []string{"the key is still there"}
	case got.KeyType != want.KeyType:
		return []string{fmt.Sprintf("k=%s instead of %s", Shown(got.KeyType), want.KeyType)}
	case slices.Equal(got.Key, want.Key):
		return []string{"h= or s= does not allow mail that is signed with SHA-256"}
	case len(got.Key) < len(want.Key) && slices.Equal(got.Key, want.Key[:len(got.Key)]):
		return []string{"the key is cut off: the value has to be split into strings of 255 bytes"}
	}
	return []string{"another key"}
}

// one picks the record of a kind among a name's TXT records.
func one(values []string, is func(string) bool) (string, Verdict) {
	own := slices.DeleteFunc(slices.Clone(values), func(v string) bool { return !is(v) })
	switch len(own) {
	case 0:
		return "", Missing
	case 1:
		return own[0], Published
	}
	return "", Multiple
}

func judgeSPF(want string, values []string) (Verdict, []string) {
	text, v := one(values, isSPF)
	if v != Published {
		return v, nil
	}
	got, err := ParseSPF(text)
	if err != nil {
		return Mismatch, []string{"receivers cannot evaluate this record (permerror)"}
	}
	merged, err := MergeSPF(text, want)
	ours, err2 := ParseSPF(want)
	switch {
	case err != nil || err2 != nil || merged.Value != got.String():
		return Mismatch, nil
	case got.Lookups() > SPFLimit:
		return Mismatch, merged.Warnings
	case got.String() != ours.String():
		return Published, append([]string{"the record names other senders as well"}, merged.Warnings...)
	}
	return Published, nil
}

func judgeDMARC(want string, values []string) (Verdict, []string) {
	text, v := one(values, isDMARC)
	if v != Published {
		return v, nil
	}
	got, ok := parseDMARC(text)
	merged, err := MergeDMARC(text, want)
	if !ok || err != nil {
		return Mismatch, []string{"receivers cannot use this record"}
	}
	goal, _ := ParseTags(merged.Value)
	if !same(got, goal) {
		return Mismatch, merged.Warnings
	}
	return Published, merged.Warnings
}

func judgeTags(want string, values []string, version string) (Verdict, []string) {
	text, v := one(values, func(s string) bool { _, ok := versioned(s, version); return ok })
	if v != Published {
		return v, nil
	}
	got, _ := ParseTags(text)
	if goal, err := ParseTags(want); err != nil || !same(got, goal) {
		return Mismatch, nil
	}
	return Published, nil
}

// same compares tag lists, whatever the order of tags and of the addresses in rua.
func same(a, b Tags) bool {
	sorted := func(t Tags) Tags {
		t = slices.Clone(t)
		for i := range t {
			if t[i].Name == "rua" {
				uris := t.list("rua", ",")
				slices.Sort(uris)
				t[i].Value = strings.Join(uris, ",")
			}
		}
		slices.SortFunc(t, func(x, y Tag) int { return cmp.Compare(x.Name, y.Name) })
		return t
	}
	return slices.Equal(sorted(a), sorted(b))
}

// judgePreferred judges MX and SRV, whose first number says who is tried first.
func judgePreferred(want Record, values []string) (Verdict, []string) {
	beside, there := others(want, values)
	if !there {
		return Mismatch, nil
	}
	ours := preference(want.Value)
	for _, v := range beside {
		if preference(v) <= ours {
			return Mismatch, []string{Shown(v) + " takes a part, or all, of what is meant for us"}
		}
	}
	return Published, noted(beside)
}

func preference(value string) int {
	number, _, _ := strings.Cut(value, " ")
	n, err := strconv.Atoi(number)
	if err != nil {
		return -1 // not understood: it may come first
	}
	return n
}

func judgeOnly(want Record, values []string) (Verdict, []string) {
	beside, there := others(want, values)
	switch {
	case !there:
		return Mismatch, nil
	case len(beside) > 0:
		return Multiple, noted(beside)
	}
	return Published, nil
}

func judgeAmong(want Record, values []string) (Verdict, []string) {
	beside, there := others(want, values)
	switch {
	case !there && want.Type == "TXT":
		return Missing, nil
	case !there:
		return Mismatch, nil
	case want.Type == "TXT":
		return Published, nil
	}
	return Published, noted(beside)
}

func noted(beside []string) []string {
	if len(beside) == 0 {
		return nil
	}
	all := make([]string, len(beside))
	for i, v := range beside {
		all[i] = Shown(v)
	}
	return []string{"also there: " + strings.Join(all, ", ")}
}

// others splits values into ours, if it is there, and the rest.
func others(want Record, values []string) ([]string, bool) {
	ours := canonical(want.Type, want.Value)
	rest := slices.DeleteFunc(slices.Clone(values), func(v string) bool { return canonical(want.Type, v) == ours })
	return rest, len(rest) < len(values)
}

// canonical is a value as [FromRR] gives it, so that its spelling does not matter.
func canonical(kind, value string) string {
	if kind == "TXT" {
		return value
	}
	rr, err := Record{Name: "x", Type: kind, Value: value}.RR()
	if err != nil {
		return value
	}
	return valueOf(rr)
}
