package e2e

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"

	"github.com/openova-io/smtp-mirror/internal/rig"
)

// The block that is ours in README.md.
const (
	blockBegin = "<!-- smtp-mirror:dkim -->\n"
	blockEnd   = "<!-- /smtp-mirror:dkim -->"
)

// publicKeys are the keys that Stalwart holds, by selector.
func (s *site) publicKeys() map[string]string {
	keys := map[string]string{}
	for _, k := range s.mail.DKIMRecords(rig.Domain) {
		_, key, _ := strings.Cut(k.Record, "p=")
		keys[k.Selector] = key
	}
	return keys
}

// recordsTrue reports whether records.json lists exactly the keys of Stalwart, and
// shows the Ed25519 one to older tools.
func (s *site) recordsTrue(ctx context.Context) bool {
	var doc struct {
		DKIM     struct{ Selector, Name, Algorithm, PublicKey string }
		DKIMKeys []struct {
			Selector, Name, Algorithm, PublicKey, Stage, TXT, Bind string
			TXTChunks                                              []string
		}
	}
	keys := s.publicKeys()
	if json.Unmarshal([]byte(s.Records(ctx, "records.json")), &doc) != nil || len(doc.DKIMKeys) != len(keys) || len(keys) == 0 {
		return false
	}
	for _, k := range doc.DKIMKeys {
		if keys[k.Selector] != k.PublicKey || k.Name != k.Selector+"._domainkey."+rig.Domain || strings.Join(k.TXTChunks, "") != k.TXT || !strings.HasPrefix(k.Bind, k.Name+".") {
			return false
		}
	}
	return keys[doc.DKIM.Selector] == doc.DKIM.PublicKey && doc.DKIM.Algorithm == "ed25519-sha256" && doc.DKIM.Name == doc.DKIM.Selector+"._domainkey."+rig.Domain
}

func (s *site) editRecords(edit func(c *corev1.ConfigMap)) {
	s.t.Helper()
	maps := s.Admin.CoreV1().ConfigMaps(s.Home)
	must(s.t, retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		c, err := maps.Get(s.t.Context(), rig.RecordsConfigMap, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if c.Data == nil {
			c.Data = map[string]string{}
		}
		edit(c)
		_, err = maps.Update(s.t.Context(), c, metav1.UpdateOptions{})
		return err
	}))
}

// TestRecordsKeepTheirBytes: but for what is ours, both documents stay as somebody
// else has written them, to the byte.
func TestRecordsKeepTheirBytes(t *testing.T) {
	t.Parallel()
	s := newSite(t, layout{})
	const before, after = "# DNS records\n\ttabs  and\r\nCRs\n", "\nthe end, without a line break"
	odd := strings.Replace(rig.Records, `"mailHost"`, "\"zone\" :\t{ \"a\":[1,2 ,3.0],\"\\u00e9\": null },\n \"mailHost\"", 1)
	s.editRecords(func(c *corev1.ConfigMap) {
		c.Data = map[string]string{"records.json": odd, "README.md": before + blockBegin + "old\n" + blockEnd + after, "other": "kept"}
	})
	s.start()
	s.settled()
	s.until("the records are true", patience, s.recordsTrue)
	readme := s.Records(t.Context(), "README.md")
	head, rest, _ := strings.Cut(readme, blockBegin)
	table, tail, _ := strings.Cut(rest, blockEnd)
	tail, _, _ = strings.Cut(tail, "<!-- smtp-mirror:records -->") // the second block of ours follows
	if head != before || strings.TrimRight(tail, "\n") != after || s.Records(t.Context(), "other") != "kept" {
		t.Error("README.md or another key was changed outside of our block")
	}
	for selector, key := range s.publicKeys() {
		if !contains(table, selector) || !contains(table, key) {
			t.Errorf("the table does not show %s", selector)
		}
	}
	records := s.Records(t.Context(), "records.json")
	for line := range strings.Lines(odd) {
		if !contains(line, `"dkim"`) && !contains(line, `"ptr"`) && !contains(records, line) {
			t.Errorf("a line is not what it was: %q", line)
		}
	}
}

// TestRecordsTrouble: absent, garbage, blanked, and without records.json at all.
func TestRecordsTrouble(t *testing.T) {
	t.Parallel()
	s := newSite(t, layout{})
	maps := s.Admin.CoreV1().ConfigMaps(s.Home)
	must(t, maps.Delete(t.Context(), rig.RecordsConfigMap, metav1.DeleteOptions{}))
	s.start()
	s.await(recordTarget, "Held", "RecordsConfigMapMissing")
	s.until("the others converge", patience, s.othersConverged(recordTarget))
	_, err := maps.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: rig.RecordsConfigMap}}, metav1.CreateOptions{})
	must(t, err)
	s.until("records.json is written into an empty ConfigMap", patience, s.recordsTrue)
	for _, garbage := range []string{"{", "[]", "null", `{"dkim": {}} {}`, "\x01", "<html>"} {
		s.editRecords(func(c *corev1.ConfigMap) { c.Data["records.json"] = garbage })
		s.await(recordTarget, "Held", "RecordsInvalid")
		if s.Records(t.Context(), "records.json") != garbage {
			t.Errorf("%q was written over", garbage)
		}
		s.editRecords(func(c *corev1.ConfigMap) { c.Data["records.json"] = rig.Records })
		s.until("healed after "+garbage, patience, func(ctx context.Context) bool { return s.recordsTrue(ctx) && s.converged(ctx) })
	}
	s.awaitEvent("RecordsInvalid", "ConfigMap", rig.RecordsConfigMap, "records.json")
	s.editRecords(func(c *corev1.ConfigMap) { delete(c.Data, "records.json"); delete(c.Data, "README.md") })
	s.until("records.json is there again", patience, s.recordsTrue)
	if !contains(s.Records(t.Context(), "README.md"), blockBegin) {
		t.Error("README.md has no block")
	}
}

// TestKeysFollowStalwart: a lost volume means other keys.
func TestKeysFollowStalwart(t *testing.T) {
	t.Parallel()
	s := newSite(t, layout{})
	s.start()
	s.settled()
	old := s.publicKeys()
	s.mail.Wipe()
	must(t, s.mail.Restart())
	s.until("the records show the new keys", patience, func(ctx context.Context) bool {
		now := s.publicKeys()
		for selector, key := range now {
			if old[selector] == key {
				return false
			}
		}
		return len(now) == 2 && s.recordsTrue(ctx) && s.converged(ctx)
	})
	s.awaitEvent("PublishedDNSWrong", "ConfigMap", rig.RecordsConfigMap, "_domainkey."+rig.Domain)
}
