package stalwart

import (
	"context"
	"time"
)

type jmapKey struct {
	ID        string    `json:"id"`
	Type      string    `json:"@type"`
	Selector  string    `json:"selector"`
	PublicKey string    `json:"publicKey"`
	Stage     string    `json:"stage"`
	CreatedAt time.Time `json:"createdAt"`
}

// jmapAlgorithm is what 0.16 calls an algorithm. DKIM2 keys are not for DNS records
// of RFC 6376 and are left out.
var jmapAlgorithm = map[string]string{"rsa-sha256": "Dkim1RsaSha256", "ed25519-sha256": "Dkim1Ed25519Sha256"} //nolint:gochecknoglobals // a constant table

// DKIMKeys lists the keys of a domain.
func (j *jmap) DKIMKeys(ctx context.Context, d Domain) ([]DKIMKey, error) {
	var found []jmapKey
	if err := j.find(ctx, "DkimSignature", obj{"domainId": d.ID}, &found); err != nil {
		return nil, err
	}
	var all []DKIMKey
	for _, k := range found {
		for algorithm, word := range jmapAlgorithm {
			if k.Type == word {
				all = append(all, DKIMKey{k.ID, k.Selector, algorithm, k.PublicKey, k.Stage, k.CreatedAt})
			}
		}
	}
	return all, nil
}

// Signers is nil: all active keys sign.
func (j *jmap) Signers(context.Context, Domain) (map[string]string, error) { return nil, nil }

// CreateDKIMKey brings in a key. Stalwart does not refuse a selector that is there
// already, and a warm signer does not see a key that is created as active (observed
// on 0.16.3 and 0.16.18): create it as pending.
func (j *jmap) CreateDKIMKey(ctx context.Context, d Domain, n NewDKIMKey) error {
	e, err := j.create(ctx, "DkimSignature", obj{"@type": jmapAlgorithm[n.Algorithm], "domainId": d.ID, "selector": n.Selector,
		"privateKey": obj{"@type": "Text", "secret": n.Private.Reveal()}, "stage": n.Stage})
	if err != nil {
		return err
	}
	return scrubbed(refused("creating the DKIM key "+n.Selector, e), n.Private)
}

// MoveDKIMKey sets the stage of a key by its exact id.
func (j *jmap) MoveDKIMKey(ctx context.Context, id, stage string) error {
	e, err := j.update(ctx, "DkimSignature", id, obj{"stage": stage})
	if err != nil {
		return err
	}
	return refused("moving the DKIM key "+id+" to "+stage, e)
}

// DestroyDKIMKey ends a key by its exact id; one that is gone already is no error.
func (j *jmap) DestroyDKIMKey(ctx context.Context, id string) error {
	return j.destroy(ctx, "DkimSignature", id, obj{})
}
