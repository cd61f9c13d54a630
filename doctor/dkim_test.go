package doctor_test

import (
	"context"
	"testing"

	"github.com/openova-io/smtp-mirror/dkimwatch"
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
	e.Keys = func(context.Context) (doctor.Keys, error) {
		return doctor.Keys{}, &stalwart.UnreachableError{Address: "192.0.2.1:8080", What: "no answer in time"}
	}
	begins(t, examine(t, e, "dkim"), []string{"unknown Stalwart: Stalwart at 192.0.2.1:8080: no answer in time"})
	e.Keys = keys()
	begins(t, examine(t, e, "dkim"), []string{"wrong signatures of example.org: no active key"})
	e.Keys = nil
	begins(t, examine(t, e, "dkim"), []string{"unknown Stalwart: "})
}

// TestKeysOfAServerWithoutStages: which keys sign says the server, and the others are
// what the controller knows of them.
func TestKeysOfAServerWithoutStages(t *testing.T) {
	rsa := map[string]string{"rsa-sha256": "r"}
	pair, err := dkimwatch.NewPair("rsa-sha256")
	must(t, err)
	rsaKey := pair.PublicKey
	rows := []struct {
		name string
		keys doctor.Keys
		want []string
	}{
		{"one signs, the next is kept", doctor.Keys{Signers: rsa, Kept: map[string]string{"r": "active", "next": "pending"}},
			[]string{"warning next._domainkey.example.org (pending): Missing", "ok r._domainkey.example.org (active): Published", "ok signatures of example.org: active: rsa-sha256"}},
		{"the old one is kept", doctor.Keys{Signers: map[string]string{"rsa-sha256": "next"}, Kept: map[string]string{"r": "active", "next": "active"}},
			[]string{"wrong next._domainkey.example.org (active): Missing", "ok r._domainkey.example.org (retiring): Published", "ok signatures of example.org: active: rsa-sha256"}},
		{"nobody knows the other", doctor.Keys{Signers: rsa},
			[]string{"warning next._domainkey.example.org (pending): Missing", "ok r._domainkey.example.org (active): Published", "ok signatures"}},
		{"it has ended", doctor.Keys{Signers: rsa, Kept: map[string]string{"next": "retired"}},
			[]string{"ok next._domainkey.example.org (retired): Missing", "ok r._domainkey", "ok signatures"}},
		{"nothing signs", doctor.Keys{Signers: map[string]string{}, Kept: map[string]string{"r": "active"}},
			[]string{"wrong signatures of example.org: no active key", "warning next._domainkey.example.org (pending): Missing", "ok r._domainkey.example.org (retiring): Published"}},
		{"what signs is not listed", doctor.Keys{Signers: map[string]string{"rsa-sha256": "gone"}},
			[]string{"unknown gone._domainkey.example.org (active): Stalwart signs with it", "warning next._domainkey", "ok r._domainkey.example.org (pending): Published", "ok signatures"}},
		{"it may not be read", doctor.Keys{Unread: &stalwart.ForbiddenError{}, Kept: map[string]string{"next": "pending"}},
			[]string{"unknown signatures of example.org: ", "warning next._domainkey.example.org (pending): Missing", "ok r._domainkey.example.org (active): Published"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			d := right()
			d["r._domainkey.example.org TXT"] = []string{"v=DKIM1; k=rsa; h=sha256; p=" + rsaKey}
			e := world(d)
			row.keys.All = []stalwart.DKIMKey{{Selector: "r", Algorithm: "rsa-sha256", PublicKey: rsaKey, Stage: "active"}, {Selector: "next", Algorithm: "rsa-sha256", PublicKey: rsaKey, Stage: "active"}}
			e.Keys = func(context.Context) (doctor.Keys, error) { return row.keys, nil }
			begins(t, examine(t, e, "dkim"), row.want)
		})
	}
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
