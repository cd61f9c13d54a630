package publish_test

import (
	"strings"
	"testing"

	"github.com/openova-io/smtp-mirror/publish"
	"github.com/openova-io/smtp-mirror/watcher"
	"github.com/openova-io/smtp-mirror/zone"
)

// advised is what the message of a held publisher says to set by hand.
func advised(t *testing.T, err error, why string) string {
	t.Helper()
	_, value, found := strings.Cut(err.Error(), "set by hand: ")
	if watcher.ReasonOf(err) != why || !found {
		t.Fatalf("%v", err)
	}
	value, _, _ = strings.Cut(value, "; ")
	return value
}

// TestAdviceThatWasFollowedIsEnough: what a person has merged as he was told is
// neither reported again nor doubled.
func TestAdviceThatWasFollowedIsEnough(t *testing.T) {
	const old = `v=spf1 include:other.example -all`
	primaries(t, []string{domain + `. 60 IN TXT "` + old + `"`}, func(p *primary) {
		wanted := record(domain, "TXT", "v=spf1 a mx ~all")
		_, err := p.run(wanted)
		merged := advised(t, err, publish.ReasonForeignRecord)
		p.by(domain+`. 60 IN TXT "`+merged+`"`, domain+`. 0 IN TXT "`+old+`"`)
		if n := p.writes(wanted); n != 0 {
			t.Errorf("%d updates", n)
		}
		p.expect(domain, "TXT", merged)
	})
}

// TestWhatIsAsGoodAsOursIsLeft, whoever has published it.
func TestWhatIsAsGoodAsOursIsLeft(t *testing.T) {
	theirs := map[string]string{"MX": "20 backup." + domain, "CAA": `0 issue "other.example"`, "TXT": "v=DKIM1; k=rsa; p=QUJD"}
	records := []string{domain + ". 60 IN MX 10 mail." + domain + ".", domain + ". 60 IN MX " + theirs["MX"] + ".", "mail." + domain + ". 60 IN A 192.0.2.25",
		domain + `. 60 IN CAA 0 issue "ca.example"`, domain + ". 60 IN CAA " + theirs["CAA"], `s1._domainkey.` + domain + `. 60 IN TXT "` + theirs["TXT"] + `"`}
	primaries(t, records, func(p *primary) {
		wanted := []zone.Record{record(domain, "MX", "10 mail."+domain), record(domain, "CAA", `0 issue "ca.example"`), record("s1._domainkey."+domain, "TXT", "v=DKIM1; k=rsa; h=sha256; p=QUJD")}
		if n := p.writes(wanted...); n != 0 {
			t.Errorf("%d updates", n)
		}
		revoked := record("s1._domainkey."+domain, "TXT", "v=DKIM1; k=rsa; h=sha256; p=")
		if _, err := p.run(revoked); watcher.ReasonOf(err) != publish.ReasonForeignRecord {
			t.Errorf("a key that should be revoked: %v", err)
		}
	})
}
