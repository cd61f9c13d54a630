package stalwart

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// DKIMKeys reads the records that Stalwart wants published: the only place that
// tells selectors and public keys without the private ones. All keys of 0.15 are
// active: it has no stages, and no times either.
func (r *rest) DKIMKeys(ctx context.Context, d Domain) ([]DKIMKey, error) {
	var records []struct{ Type, Name, Content string }
	e, err := r.ask(ctx, http.MethodGet, "/api/dns/records/"+url.PathEscape(d.Name), nil, &records)
	if err != nil {
		return nil, err
	}
	var all []DKIMKey
	for _, record := range records {
		selector, ok := strings.CutSuffix(record.Name, "._domainkey."+d.Name+".")
		if !ok || record.Type != "TXT" {
			continue
		}
		tags := dkimTags(record.Content)
		algorithm := map[string]string{"rsa": "rsa-sha256", "ed25519": "ed25519-sha256"}[tags["k"]]
		k := DKIMKey{Selector: selector, Algorithm: algorithm, PublicKey: tags["p"], Stage: "active"}
		if algorithm != "" && !slices.Contains(all, k) { // one that signs and is kept is there twice
			all = append(all, k)
		}
	}
	return all, e.refusal("reading the DNS records of " + d.Name)
}

// dkimTags splits a tag list (RFC 6376, section 3.2).
func dkimTags(text string) map[string]string {
	tags := map[string]string{}
	for tag := range strings.SplitSeq(text, ";") {
		if name, value, ok := strings.Cut(tag, "="); ok {
			tags[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return tags
}
