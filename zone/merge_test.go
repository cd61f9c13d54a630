package zone

import (
	"slices"
	"strings"
	"testing"
)

// TestMergeSPF: ours first, theirs kept, one policy.
func TestMergeSPF(t *testing.T) {
	rows := []struct{ existing, want, warning string }{
		{"v=spf1 include:spf.example.net -all", "v=spf1 a mx include:spf.example.net -all", "3 of the 10"},
		{"v=spf1 a include:spf.example.net ~all", "v=spf1 mx a include:spf.example.net ~all", "3 of the 10"},
		{"v=spf1 ip4:203.0.113.9", "v=spf1 a mx ip4:203.0.113.9 ~all", ""},
		{"v=spf1 redirect=_spf.example.net", "v=spf1 a mx redirect=_spf.example.net", "3 of the 10"},
		{"v=spf1 -ip4:203.0.113.9 a mx -all", "v=spf1 a mx -ip4:203.0.113.9 -all", ""},
		{"v=spf1 -all", "v=spf1 a mx ~all", ""},
		{"v=spf1", "v=spf1 a mx ~all", ""},
		{"v=spf1 mx -all", "v=spf1 a mx ~all", ""},
		{"v=spf1 ip4:203.0.113.9 +all", "v=spf1 a mx ip4:203.0.113.9 +all", "everybody"},
		{"v=spf1 include:a include:b include:c include:d include:e include:f include:g include:h include:i -all", "v=spf1 a mx include:a include:b include:c include:d include:e include:f include:g include:h include:i -all", "11 terms"},
	}
	for _, row := range rows {
		got, err := MergeSPF(row.existing, "v=spf1 a mx ~all")
		want := strings.ReplaceAll(row.want, "+all", "all")
		if err != nil || got.Value != want || !strings.Contains(strings.Join(got.Warnings, "\n"), row.warning) || row.warning == "" && got.Warnings != nil {
			t.Errorf("%s: %v %s %q, want %s", row.existing, err, got.Value, got.Warnings, want)
		}
	}
	if _, err := MergeSPF("v=spf1 what", "v=spf1 a"); err == nil {
		t.Error("a broken record is merged")
	}
}

// TestMergeDMARC: their policy and tags stay, our address is added.
func TestMergeDMARC(t *testing.T) {
	const ours = "v=DMARC1; p=quarantine; rua=mailto:p@example.test"
	rows := []struct{ existing, want, warning string }{
		{"v=DMARC1; p=none; rua=mailto:x@example.net", "v=DMARC1; p=none; rua=mailto:x@example.net,mailto:p@example.test", "stays none"},
		{"v=DMARC1; p=reject; sp=none; pct=50", "v=DMARC1; p=reject; sp=none; pct=50; rua=mailto:p@example.test", "stays reject"},
		{"v=DMARC1; p=quarantine; adkim=s; rua=MAILTO:p@example.test", "v=DMARC1; p=quarantine; adkim=s; rua=MAILTO:p@example.test", ""},
		{"v=DMARC1; p=none", ours, ""},
		{"v=DMARC1; p=none; rua=mailto:p@example.test", ours, ""},
	}
	for _, row := range rows {
		got, err := MergeDMARC(row.existing, ours)
		if err != nil || got.Value != row.want || !strings.Contains(strings.Join(got.Warnings, "\n"), row.warning) || row.warning == "" && got.Warnings != nil {
			t.Errorf("%s: %v %s %q, want %s", row.existing, err, got.Value, got.Warnings, row.want)
		}
	}
	for _, broken := range []string{"", "v=DMARC1", "p=none; v=DMARC1", "v=DMARC1; p=what", "v=dmarc1; p=none", "v=DMARC1; p=none; P=none"} {
		if got, err := MergeDMARC(broken, ours); err == nil {
			t.Errorf("%q is merged as %q", broken, got.Value)
		}
	}
}

// FuzzDMARC: merging is final, what is merged is Published, and no address is lost.
func FuzzDMARC(f *testing.F) {
	for _, seed := range []string{"v=DMARC1; p=none", "v=DMARC1; p=reject; rua=mailto:a@b!10m, mailto:c@d; ruf=x; fo=1", "v=DMARC1;P=none;Rua=,", "v=DMARC1; rua=mailto:postmaster@example.test; p=Reject; sp=x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tags, ok1 := parseDMARC(text)
		if !ok1 {
			return
		}
		want := wanted(t, "dmarc")
		merged, err := MergeDMARC(text, want.Value)
		if err != nil {
			t.Fatal(err)
		}
		if twice, err := MergeDMARC(merged.Value, want.Value); err != nil || twice.Value != merged.Value {
			t.Fatalf("%q merged is %q, and again %q (%v)", text, merged.Value, twice.Value, err)
		}
		after, _ := parseDMARC(merged.Value)
		for _, uri := range tags.list("rua", ",") {
			if !slices.Contains(after.list("rua", ","), uri) && !strings.EqualFold(uri, "mailto:postmaster@example.test") {
				t.Fatalf("%q merged is %q: %s is lost", text, merged.Value, uri)
			}
		}
		if v := Judge(want, ok(merged.Value)); v != Published {
			t.Fatalf("%q merged is %q: %s", text, merged.Value, v)
		}
	})
}
