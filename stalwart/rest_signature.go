package stalwart

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/openova-io/smtp-mirror/redact"
)

// A key of 0.15 is a group of settings, signature.<id>.*, and mail is signed with the
// ids rsa-<domain> and ed25519-<domain> only. A key of ours is kept under an id of its
// own, where it is listed and signs nothing; it signs when it is copied into one of
// those. All of it takes rights over all settings, which are an administrator's.

const signature = "signature."

// signatureFields are what a key consists of.
var signatureFields = []string{"private-key", "domain", "selector", "algorithm", "canonicalization", "report", "headers.0", "headers.1", "headers.2", "headers.3", "headers.4"} //nolint:gochecknoglobals // a constant list

// KeptID is the id under which 0.15 keeps a key of ours.
func KeptID(selector, domain string) string { return "smtp-mirror-" + selector + "-" + domain }

// signingID is the id that mail of a domain is signed with.
func signingID(algorithm, domain string) string {
	return strings.TrimSuffix(algorithm, "-sha256") + "-" + domain
}

// Signers are the selectors that mail of a domain is signed with, by algorithm.
func (r *rest) Signers(ctx context.Context, d Domain) (map[string]string, error) {
	all := map[string]string{}
	for _, algorithm := range []string{"rsa-sha256", "ed25519-sha256"} {
		found, err := r.signature(ctx, signingID(algorithm, d.Name), "selector")
		if err != nil {
			return nil, err
		}
		if found["selector"] != "" {
			all[algorithm] = found["selector"]
		}
	}
	return all, nil
}

// signature reads fields of one key by their exact names: a prefix of one id may be
// that of another.
func (r *rest) signature(ctx context.Context, id string, fields ...string) (map[string]string, error) {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = signature + id + "." + f
	}
	found, err := r.settings(ctx, url.Values{"keys": {strings.Join(names, ",")}})
	out := map[string]string{}
	for name, value := range found {
		out[strings.TrimPrefix(name, signature+id+".")] = value
	}
	return out, err
}

// CreateDKIMKey keeps a key, where it is listed and signs nothing yet.
func (r *rest) CreateDKIMKey(ctx context.Context, d Domain, n NewDKIMKey) error {
	private, err := pkcs1(n.Private)
	if err != nil {
		return err
	}
	err = r.putSignature(ctx, KeptID(n.Selector, d.Name), map[string]string{
		"private-key": private.Reveal(), "domain": d.Name, "selector": n.Selector, "algorithm": n.Algorithm, "canonicalization": "relaxed/relaxed", "report": "false",
		"headers.0": "From", "headers.1": "To", "headers.2": "Date", "headers.3": "Subject", "headers.4": "Message-ID",
	})
	return scrubbed(err, private, n.Private)
}

// pkcs1 writes an RSA key as 0.15 reads it, which lists no other.
func pkcs1(private redact.Secret) (redact.Secret, error) {
	block, _ := pem.Decode([]byte(private.Reveal()))
	if block == nil || block.Type != "PRIVATE KEY" {
		return private, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return private, errors.New("a DKIM key is no PKCS#8")
	}
	if k, ok := key.(*rsa.PrivateKey); ok {
		return redact.New(string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(k)}))), nil
	}
	return private, nil
}

func (r *rest) putSignature(ctx context.Context, id string, fields map[string]string) error {
	var values [][2]string
	for _, f := range signatureFields {
		if fields[f] != "" {
			values = append(values, [2]string{f, fields[f]})
		}
	}
	return r.do(ctx, "writing the settings "+signature+id, http.MethodPost, "/api/settings", []any{
		map[string]any{"type": "insert", "prefix": signature + id, "values": values, "assert_empty": false}})
}

// MoveDKIMKey makes a kept key the one that mail is signed with, from the next reload
// on. Other stages are nothing that 0.15 knows. A signing key that is not one of ours
// stays.
func (r *rest) MoveDKIMKey(ctx context.Context, id, stage string) error {
	if stage != "active" {
		return nil
	}
	kept, err := r.signature(ctx, id, signatureFields...)
	if err != nil {
		return err
	}
	if kept["private-key"] == "" {
		return &UnexpectedError{"GET /api/settings/keys", "no key " + id + " right after it was there"}
	}
	slot := signingID(kept["algorithm"], kept["domain"])
	signs, err := r.signature(ctx, slot, "selector")
	if err != nil {
		return err
	}
	if old := signs["selector"]; old != "" {
		ours, err := r.signature(ctx, KeptID(old, kept["domain"]), "selector")
		if err != nil {
			return err
		}
		if ours["selector"] != old {
			return &ForeignSignerError{ID: slot, Selector: old}
		}
	}
	return scrubbed(r.putSignature(ctx, slot, kept), redact.New(kept["private-key"]))
}

// DestroyDKIMKey ends a kept key by its exact settings.
func (r *rest) DestroyDKIMKey(ctx context.Context, id string) error {
	names := make([]string, len(signatureFields))
	for i, f := range signatureFields {
		names[i] = signature + id + "." + f
	}
	slices.Sort(names)
	return r.do(ctx, "deleting the settings "+signature+id, http.MethodPost, "/api/settings", []any{map[string]any{"type": "delete", "keys": names}})
}
