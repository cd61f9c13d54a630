package publish_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/openova-io/smtp-mirror/publish"
	"github.com/openova-io/smtp-mirror/watcher"
	"github.com/openova-io/smtp-mirror/zone"
)

// TestDNSEndpoints walks one cluster through everything: a control plane takes seconds
// to start.
func TestDNSEndpoints(t *testing.T) {
	c := newCluster(t)
	if _, err := c.run(everything()...); watcher.ReasonOf(err) != publish.ReasonDNSEndpointNotServed {
		t.Fatalf("without the kind: %v", err)
	}
	c.install()
	for _, step := range []struct {
		name string
		run  func(*testing.T, *cluster)
	}{
		{"dry run", endpointsDryRun}, {"targets", endpointsTargets}, {"equal", endpointsEqual}, {"rotation", endpointsRotation},
		{"nothing wanted", endpointsNothing}, {"no address", endpointsNoAddress}, {"edited", endpointsEdited}, {"foreign", endpointsForeign}, {"others", endpointsOfOthers},
		{"a key that is gone", endpointsGoneKey}, {"revoked", endpointsRevoked}, {"a bad one", endpointsBad}, {"a rival", endpointsRival},
	} {
		t.Run(step.name, func(t *testing.T) {
			c.t, c.DryRun = t, false
			step.run(t, c)
		})
	}
}

func endpointsDryRun(t *testing.T, c *cluster) {
	c.DryRun = true
	result, err := c.run(everything()...)
	must(t, err)
	if result.Reason != publish.ReasonWouldPublish || !strings.Contains(result.Message, "apply smtp-mirror-mx-example-com-") || len(result.Changes) != 0 || len(c.endpoints()) != 0 {
		t.Errorf("%+v", result)
	}
}

// endpointsTargets: each set has an object, in the words of external-dns; what it
// does not know is said.
func endpointsTargets(t *testing.T, c *cluster) {
	result, err := c.run(everything()...)
	must(t, err)
	if result.Reason != publish.ReasonTypeNotPublished || !strings.Contains(result.Message, "CAA of example.com, TLSA of _25._tcp.mail.example.com") && !strings.Contains(result.Message, "TLSA of _25._tcp.mail.example.com, CAA of example.com") {
		t.Errorf("%+v", result)
	}
	want := map[string]string{
		"MX " + domain: "10 mail." + domain, "TXT " + domain: `"` + spf + `"`, "A mail." + domain: "192.0.2.25", "CNAME mta-sts." + domain: "mail." + domain,
		"SRV _submissions._tcp." + domain: "0 1 465 mail." + domain + ".", "TXT s1._domainkey." + domain: `"` + longKey[:255] + `" "` + longKey[255:] + `"`,
		"TXT _smtp._tls." + domain: `"v=TLSRPTv1; rua=mailto:a\"b\\c@example.com"`, "TXT _dmarc." + domain: `"` + dmarc + `"`, "AAAA mail." + domain: "2001:db8::25",
	}
	got := c.endpoints()
	for id, target := range want {
		if !reflect.DeepEqual(got[id]["targets"], []any{target}) || got[id]["recordTTL"] != int64(300) {
			t.Errorf("%s: %v, want %s", id, got[id], target)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d objects: %v", len(got), got)
	}
}

func endpointsEqual(t *testing.T, c *cluster) {
	before := c.endpoints()
	if n := c.writes(everything()...); n != 0 || !reflect.DeepEqual(before, c.endpoints()) {
		t.Errorf("%d writes of what is equal", n)
	}
}

// endpointsRotation: a new selector is a new object; the old one is not touched until
// it is not wanted any more.
func endpointsRotation(t *testing.T, c *cluster) {
	before := c.endpoints()["TXT s1._domainkey."+domain]
	second := record("s2._domainkey."+domain, "TXT", "v=DKIM1; p=QUJD")
	if n := c.writes(append(everything(), second)...); n != 1 {
		t.Errorf("%d writes", n)
	}
	if after := c.endpoints()["TXT s1._domainkey."+domain]; !reflect.DeepEqual(before, after) {
		t.Errorf("%v, was %v", after, before)
	}
	result, err := c.run(record("mail."+domain, "A", "192.0.2.25"), second)
	must(t, err)
	if got := c.endpoints(); len(got) != 2 || got["TXT s2._domainkey."+domain] == nil || len(result.Changes) != 7+1 {
		t.Errorf("%v %+v", got, result)
	}
}

func endpointsNothing(t *testing.T, c *cluster) {
	if n := c.writes(); n != 0 || len(c.endpoints()) != 2 {
		t.Errorf("%d writes, %v", n, c.endpoints())
	}
}

// endpointsNoAddress: the mail host keeps the address that is published.
func endpointsNoAddress(t *testing.T, c *cluster) {
	result, err := c.run(c.wantedNow()[1])
	if must(t, err); result.Reason != publish.ReasonAddressKept || len(result.Changes) != 0 || len(c.endpoints()) != 2 {
		t.Errorf("%+v, %v", result, c.endpoints())
	}
}

// endpointsEdited: what somebody makes of an object of ours is undone.
func endpointsEdited(t *testing.T, c *cluster) {
	name := c.endpoints()["A mail."+domain]["object"].(string)
	patch := []byte(`{"spec":{"endpoints":[{"dnsName":"mail.example.com","recordType":"A","targets":["192.0.2.66"]}]}}`)
	_, err := c.objects().Patch(t.Context(), name, types.MergePatchType, patch, metav1.PatchOptions{})
	must(t, err)
	if n := c.writes(c.wantedNow()...); n != 1 {
		t.Errorf("%d writes", n)
	}
	if got := c.endpoints()["A mail."+domain]["targets"]; !reflect.DeepEqual(got, []any{"192.0.2.25"}) {
		t.Errorf("%v", got)
	}
}

func (c *cluster) wantedNow() []zone.Record {
	return []zone.Record{record("mail."+domain, "A", "192.0.2.25"), record("s2._domainkey."+domain, "TXT", "v=DKIM1; p=QUJD")}
}

// endpointsForeign: where somebody else has the same name and type, ours is not
// written, and it is said what to set by hand; what he has right is enough, and so is
// what he has merged as he was told.
func endpointsForeign(t *testing.T, c *cluster) {
	c.by("theirs", domain, "TXT", `"`+foreign+`"`, "v=spf1 include:other.example ~all")
	c.by("mx", domain+".", "MX", "10 mail."+domain+".")
	result, err := c.run(append(c.wantedNow(), record(domain, "TXT", spf), record(domain, "MX", "10 mail."+domain))...)
	if watcher.ReasonOf(err) != publish.ReasonForeignDNSEndpoint || !strings.Contains(err.Error(), "set by hand: v=spf1 ip4:192.0.2.25 include:other.example ~all") || strings.Contains(err.Error(), "MX") || len(result.Changes) != 0 {
		t.Errorf("%+v %v", result, err)
	}
	must(t, c.objects().Delete(t.Context(), "theirs", metav1.DeleteOptions{}))
	c.by("theirs", domain, "TXT", `"`+foreign+`"`, advised(t, err, publish.ReasonForeignDNSEndpoint))
	if n := c.writes(c.wanted...); n != 0 {
		t.Errorf("%d writes beside what was merged", n)
	}
}

// endpointsOfOthers: nothing without our labels is deleted, and nothing of another
// installation, which has names of its own.
func endpointsOfOthers(t *testing.T, c *cluster) {
	other := &cluster{t: t, admin: c.admin}
	copied := *c.DNSEndpoints
	copied.Owner, copied.Wanted = "Other Kit", func() ([]zone.Record, error) { return other.wanted, nil }
	other.DNSEndpoints = &copied
	if n := other.writes(record("x."+domain, "TXT", "y")); n != 1 {
		t.Errorf("%d writes", n)
	}
	if n := c.writes(c.wantedNow()...); n != 0 || len(c.endpoints()) != 5 {
		t.Errorf("%d writes, %v", n, c.endpoints())
	}
	if _, err := other.run(record("mail."+domain, "A", "192.0.2.99")); watcher.ReasonOf(err) != publish.ReasonForeignDNSEndpoint {
		t.Errorf("%v", err)
	}
}

// endpointsGoneKey: the object of a key stays for its time after it is not wanted any more.
func endpointsGoneKey(t *testing.T, c *cluster) {
	a, key := record("mail."+domain, "A", "192.0.2.25"), record("gone._domainkey."+domain, "TXT", longKey)
	_, err := c.run(a, key)
	must(t, err)
	before := len(c.endpoints())
	c.Stay = time.Hour
	for range 2 {
		result, err := c.run(a)
		must(t, err)
		if result.Reason != publish.ReasonKeyKept || len(result.Changes) != 0 || len(c.endpoints()) != before {
			t.Errorf("%+v", result)
		}
	}
	c.Stay = 0
	_, err = c.run(a)
	must(t, err)
	if len(c.endpoints()) != before-1 {
		t.Errorf("%d objects", len(c.endpoints()))
	}
}
