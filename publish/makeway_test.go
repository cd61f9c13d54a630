package publish_test

import (
	"reflect"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/publish"
	"github.com/openova-io/smtp-mirror/watcher"
	"github.com/openova-io/smtp-mirror/zone"
)

// endpointsRevoked: the record of a key never changes in place. Its object goes, and
// comes back with the other value when the old one is nowhere any more.
func endpointsRevoked(t *testing.T, c *cluster) {
	a, key := record("mail."+domain, "A", "192.0.2.25"), record("s7._domainkey."+domain, "TXT", "v=DKIM1; p=QUJD")
	revoked := record(key.Name, "TXT", "v=DKIM1; p=")
	of := "TXT " + key.Name
	c.writes(a, key)
	uid := c.endpoints()[of]["uid"]
	seen := zone.Mismatch
	c.Seen = func(r zone.Record) zone.Verdict {
		if r.Value != revoked.Value {
			t.Errorf("asked for %+v", r)
		}
		return seen
	}
	t.Cleanup(func() { c.Seen = nil })
	for i, changes := range []int{1, 0, 0} {
		result, err := c.run(a, revoked)
		must(t, err)
		if result.Reason != publish.ReasonKeyMakesWay || !strings.Contains(result.Message, key.Name) || len(result.Changes) != changes || result.After >= c.Every || c.endpoints()[of] != nil {
			t.Errorf("%d: %+v, %v", i, result, c.endpoints()[of])
		}
	}
	seen = zone.Missing
	if n := c.writes(a, revoked); n != 1 || !reflect.DeepEqual(c.endpoints()[of]["targets"], []any{`"v=DKIM1; p="`}) || c.endpoints()[of]["uid"] == uid {
		t.Errorf("%d writes, %v", n, c.endpoints()[of])
	}
	seen = zone.Mismatch // external-dns is slow, which is no reason to begin anew
	if n := c.writes(a, revoked); n != 0 {
		t.Errorf("%d writes of what is equal", n)
	}
	// Nobody remembers, after a start, that an object made way.
	copied := *c.DNSEndpoints
	again := &publish.DNSEndpoints{Client: copied.Client, Namespace: namespace, Owner: owner, Wanted: func() ([]zone.Record, error) { return []zone.Record{a, revoked}, nil }, Seen: func(zone.Record) zone.Verdict { return "" }}
	must(t, c.objects().Delete(t.Context(), c.endpoints()[of]["object"].(string), metav1.DeleteOptions{}))
	if result, err := again.Reconcile(t.Context()); err != nil || result.Reason != publish.ReasonKeyMakesWay || c.endpoints()[of] != nil {
		t.Errorf("%+v %v", result, err)
	}
}

// endpointsBad: what the API server refuses of one object stops no other.
func endpointsBad(t *testing.T, c *cluster) {
	a := record("mail."+domain, "A", "192.0.2.25")
	c.writes(a)
	long := record(strings.Repeat("a.", 120)+domain, "A", "192.0.2.1") // the CRD of the test refuses it
	result, err := c.run(a, long, record("z."+domain, "A", "192.0.2.2"))
	if err == nil || watcher.ReasonOf(err) != watcher.ReasonError || len(result.Changes) != 1 || c.endpoints()["A z."+domain] == nil {
		t.Errorf("%+v %v", result, err)
	}
	c.writes(a)
}

// endpointsRival: an object of ours that is there beside somebody else's is kept right.
func endpointsRival(t *testing.T, c *cluster) {
	c.writes(record("mail."+domain, "A", "192.0.2.25"), record("y."+domain, "A", "192.0.2.1"))
	c.by("rival", "y."+domain, "A", "192.0.2.66")
	result, err := c.run(record("mail."+domain, "A", "192.0.2.25"), record("y."+domain, "A", "192.0.2.2"))
	if watcher.ReasonOf(err) != publish.ReasonForeignDNSEndpoint || len(result.Changes) != 1 {
		t.Errorf("%+v %v", result, err)
	}
	list, err := c.objects().List(t.Context(), metav1.ListOptions{LabelSelector: publish.LabelOwner + "=" + owner})
	must(t, err)
	found := false
	for _, o := range list.Items {
		text, _ := o.MarshalJSON()
		found = found || strings.Contains(string(text), `"192.0.2.2"`)
	}
	if !found {
		t.Error("ours has its old value")
	}
}
