package conformance

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/dkimwatch"
	"github.com/openova-io/smtp-mirror/dnsrecords"
	"github.com/openova-io/smtp-mirror/stalwart"
)

func keys() []scenario {
	return []scenario{
		{name: "a domain without keys has none", run: noKeys},
		{name: "keys that Stalwart made by itself", only: stalwart.Gen016, run: automaticKeys},
		{name: "keys in every stage", only: stalwart.Gen016, run: keyStages},
		{name: "a key of our own goes through its stages", only: stalwart.Gen016, run: ownKey},
		{name: "keys of 0.15 are all active", only: stalwart.Gen015, run: keysOf015},
	}
}

func noKeys(t *testing.T, s *suite) {
	const domain = "keyless.test"
	must(t, s.operator.EnsureDomain(t.Context(), domain))
	d := newRig(t, s).directory(t)
	there, err := d.Domain(t.Context(), domain)
	must(t, err)
	all, err := d.DKIMKeys(t.Context(), *there)
	must(t, err)
	if len(all) > 0 || dkimwatch.Pending(*there, len(all), time.Now()) {
		t.Errorf("there are keys, or they are waited for: %+v, %+v", there, all)
	}
}

// automaticKeys come in the background of the domain's creation: a debug build
// takes its time over the RSA key.
func automaticKeys(t *testing.T, s *suite) {
	d := newRig(t, s).directory(t)
	if err := d.CreateDomain(t.Context(), keysDomain, false); err != nil && !errors.Is(err, stalwart.ErrExists) {
		t.Fatal(err)
	}
	domain, err := d.Domain(t.Context(), keysDomain)
	must(t, err)
	var all []stalwart.DKIMKey
	await(t, time.Minute, func() bool {
		all, err = d.DKIMKeys(t.Context(), *domain)
		must(t, err)
		return !dkimwatch.Pending(*domain, len(all), domain.CreatedAt)
	})
	if len(all) != 2 {
		t.Fatalf("the keys are %+v", all)
	}
	for _, k := range all {
		if k.Stage != dkimwatch.StageActive || time.Since(k.CreatedAt).Abs() > time.Hour {
			t.Errorf("the key is %+v", k)
		}
		isKey(t, k)
	}
	publishes(t, keysDomain, all, dnsrecords.Ed25519SHA256)
}

// listedKeys are the keys of a domain that is there.
func listedKeys(t *testing.T, d stalwart.Directory, domain string) []stalwart.DKIMKey {
	t.Helper()
	there, err := d.Domain(t.Context(), domain)
	must(t, err)
	all, err := d.DKIMKeys(t.Context(), *there)
	must(t, err)
	return all
}

// isKey decodes the p= value as a verifier would (RFC 6376, RFC 8463).
func isKey(t *testing.T, k stalwart.DKIMKey) {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(k.PublicKey)
	must(t, err)
	if k.Algorithm == dnsrecords.Ed25519SHA256 {
		if len(raw) != ed25519.PublicKeySize {
			t.Errorf("the Ed25519 key has %d bytes", len(raw))
		}
		return
	}
	if _, err := x509.ParsePKIXPublicKey(raw); err != nil || k.Algorithm != dnsrecords.RSASHA256 {
		t.Errorf("%s: %v", k.Algorithm, err)
	}
}

// publishes expects every key in the record and one that older tools publish.
func publishes(t *testing.T, domain string, all []stalwart.DKIMKey, algorithm string) {
	t.Helper()
	want := dkimwatch.Desire(domain, all, nil)
	if len(want.Keys) != len(all) || want.DKIM == nil || want.DKIM.Algorithm != algorithm {
		t.Errorf("of %d keys the record shows %d and %+v", len(all), len(want.Keys), want.DKIM)
	}
}

func keyStages(t *testing.T, s *suite) {
	const domain = "stages.test"
	must(t, s.operator.EnsureDomain(t.Context(), domain))
	stages := []string{"active", "pending", "retired", "retiring"}
	for _, stage := range stages {
		must(t, s.operator.AddKey(t.Context(), domain, "sel-"+stage, stage))
	}
	all := listedKeys(t, newRig(t, s).directory(t), domain)
	slices.SortFunc(all, func(a, b stalwart.DKIMKey) int { return slices.Compare([]byte(a.Stage), []byte(b.Stage)) })
	for i, k := range all {
		if k.Stage != stages[i] || k.Selector != "sel-"+stages[i] {
			t.Errorf("the key is %+v", k)
		}
		isKey(t, k)
	}
	published := slices.DeleteFunc(all, func(k stalwart.DKIMKey) bool { return k.Stage == "retired" })
	publishes(t, domain, published, dnsrecords.Ed25519SHA256)
}

func keysOf015(t *testing.T, s *suite) {
	const domain = "keys015.test"
	must(t, s.operator.EnsureDomain(t.Context(), domain))
	must(t, s.operator.AddKey(t.Context(), domain, "202601e", ""))
	must(t, s.operator.AddKey(t.Context(), domain, "202602e", ""))
	must(t, s.operator.(*restOperator).addRSAKey(t.Context(), domain))
	all := listedKeys(t, newRig(t, s).directory(t), domain)
	if len(all) != 3 {
		t.Fatalf("the keys are %+v", all)
	}
	for _, k := range all {
		if k.Stage != dkimwatch.StageActive || !k.CreatedAt.IsZero() {
			t.Errorf("the key is %+v", k)
		}
		isKey(t, k)
	}
	publishes(t, domain, all, dnsrecords.Ed25519SHA256)
	if best := dkimwatch.Desire(domain, all, nil).DKIM; best.Selector != "202602e" {
		t.Errorf("the newest is not shown, but %+v", best)
	}
}

// await polls until a condition holds.
func await(t *testing.T, patience time.Duration, holds func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not within %s", patience)
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		}
	}
}
