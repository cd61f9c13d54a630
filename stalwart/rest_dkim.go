package stalwart

import (
	"context"
	"net/http"
	"net/url"
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
		if algorithm != "" {
			all = append(all, DKIMKey{Selector: selector, Algorithm: algorithm, PublicKey: tags["p"], Stage: "active"})
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

// stages says that 0.15 has none: a key signs from the next reload on.
var errNoStages = &ForbiddenError{"stages of DKIM keys, which 0.15 does not have"}

// CreateDKIMKey is refused: see errNoStages.
func (r *rest) CreateDKIMKey(context.Context, Domain, NewDKIMKey) error { return errNoStages }

// MoveDKIMKey is refused: see errNoStages.
func (r *rest) MoveDKIMKey(context.Context, string, string) error { return errNoStages }

// DestroyDKIMKey is refused: see errNoStages.
func (r *rest) DestroyDKIMKey(context.Context, string) error { return errNoStages }
