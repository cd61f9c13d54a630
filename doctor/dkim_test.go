package doctor_test

import (
	"context"
	"testing"

	"github.com/openova-io/smtp-mirror/doctor"
	"github.com/openova-io/smtp-mirror/stalwart"
)

// TestKeys: every selector by its stage and what is published.
func TestKeys(t *testing.T) {
	const name, signing = "a._domainkey.example.org ", "warning signatures of example.org: active: ed25519-sha256"
	rows := []struct {
		name, stage string
		published   []string
		want        []string
	}{
		{"published", "active", []string{txtA}, []string{signing, "ok " + name + "(active): Published"}},
		{"not published", "active", nil, []string{"wrong " + name + "(active): Missing", signing}},
		{"another key", "active", []string{txtB}, []string{"wrong " + name + "(active): Mismatch: v=DKIM1", signing}},
		{"revoked", "active", []string{"v=DKIM1; p="}, []string{"wrong " + name + "(active): Revoked", signing}},
		{"two", "active", []string{txtA, txtB}, []string{"wrong " + name + "(active): Multiple", signing}},
		{"something else", "active", []string{"hello"}, []string{"wrong " + name + "(active): NotDKIM", signing}},
		{"a server that fails", "active", []string{"SERVFAIL"}, []string{"unknown " + name + "(active): TempError", signing}},
		{"not published yet", "pending", nil, []string{"wrong signatures", "warning " + name + "(pending): Missing"}},
		{"published before its time", "pending", []string{txtA}, []string{"wrong signatures", "ok " + name + "(pending): Published"}},
		{"too early gone", "retiring", nil, []string{"wrong signatures", "warning " + name + "(retiring): Missing"}},
		{"gone", "retired", nil, []string{"wrong signatures", "ok " + name + "(retired): Missing"}},
		{"revoked at last", "retired", []string{"v=DKIM1; p="}, []string{"wrong signatures", "ok " + name + "(retired): Revoked"}},
	}
	for _, row := range rows {
		t.Run(row.stage+" "+row.name, func(t *testing.T) {
			d := right()
			d["a._domainkey.example.org TXT"] = row.published
			e := world(d)
			e.Keys = keys(stalwart.DKIMKey{Selector: "a", Algorithm: "ed25519-sha256", PublicKey: keyA, Stage: row.stage})
			begins(t, examine(t, e, "dkim"), row.want)
		})
	}
}

// TestKeysThatCannotBeRead, and none at all.
func TestKeysThatCannotBeRead(t *testing.T) {
	e := world(right())
	e.Keys = func(context.Context) ([]stalwart.DKIMKey, error) {
		return nil, &stalwart.UnreachableError{Address: "192.0.2.1:8080", What: "no answer in time"}
	}
	begins(t, examine(t, e, "dkim"), []string{"unknown Stalwart: Stalwart at 192.0.2.1:8080: no answer in time"})
	e.Keys = keys()
	begins(t, examine(t, e, "dkim"), []string{"wrong signatures of example.org: no active key"})
	e.Keys = nil
	begins(t, examine(t, e, "dkim"), []string{"unknown Stalwart: "})
}

// TestAlignment: strict is equal, relaxed is of one organisation.
func TestAlignment(t *testing.T) {
	rows := []struct{ from, spf, dkim, tags, want string }{
		{"example.org", "example.org", "example.org", "", "ok"},
		{"mail.example.org", "bounce.example.org", "example.org", "", "ok"},
		{"mail.example.org", "bounce.example.org", "example.org", "; aspf=s", "warning"},
		{"mail.example.org", "bounce.example.org", "example.org", "; aspf=s; adkim=s", "wrong"},
		{"Example.org", "example.ORG", "example.org", "; aspf=s; adkim=s", "ok"},
		{"example.org", "example.net", "example.com", "", "wrong"},
		{"a.co.uk", "b.co.uk", "a.co.uk", "", "warning"},
	}
	for _, row := range rows {
		all := doctor.JudgeDMARC(row.from, row.spf, row.dkim, []string{"v=DMARC1; p=reject" + row.tags})
		if len(all) != 2 || string(all[1].Verdict) != row.want {
			t.Errorf("%+v: %+v", row, all)
		}
	}
}

// TestThePolicyOfTheOrganisation holds where the domain has none.
func TestThePolicyOfTheOrganisation(t *testing.T) {
	rows := []struct {
		own, above []string
		want       []string
	}{
		{nil, []string{"v=DMARC1; p=reject; aspf=s"}, []string{"warning _dmarc.example.org: v=DMARC1", "ok alignment of sub.example.org"}},
		{nil, []string{"v=DMARC1; p=none"}, []string{"warning _dmarc.example.org: ", "ok alignment"}},
		{[]string{"v=DMARC1; p=reject"}, []string{"v=DMARC1; p=none"}, []string{"ok _dmarc.sub.example.org: ", "ok alignment"}},
		{nil, nil, []string{"wrong _dmarc.sub.example.org: nothing"}},
		{nil, []string{"SERVFAIL"}, []string{"unknown _dmarc.sub.example.org: ns1"}},
	}
	for _, row := range rows {
		d := dns{"_dmarc.sub.example.org TXT": row.own, "_dmarc.example.org TXT": row.above}
		begins(t, examine(t, &doctor.Env{Domain: "sub.example.org", From: "noreply@sub.example.org", DNS: d}, "dmarc"), row.want)
	}
}
