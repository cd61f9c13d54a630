package stalwart

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"
)

type jmapCertificate struct {
	ID          string
	Certificate struct{ Value string } // empty where it is a file or a variable
	Names       map[string]bool        `json:"subjectAlternativeNames"`
	NotAfter    time.Time              `json:"notValidAfter"`
}

// Certificates lists all of them, and tells which one is the default.
func (j *jmap) Certificates(ctx context.Context) ([]Certificate, error) {
	all, err := j.request(ctx, getting("Certificate", nil), getting("SystemSettings", []string{singleton}))
	if err != nil {
		return nil, err
	}
	var found []jmapCertificate
	if err := all.list("Certificate", &found); err != nil {
		return nil, err
	}
	var settings []struct {
		ID string `json:"defaultCertificateId"`
	}
	if err := all.list("SystemSettings", &settings); err != nil {
		return nil, err
	}
	var certificates []Certificate
	for _, f := range found {
		c := readCertificate(f.Certificate.Value)
		c.ID, c.Names, c.NotAfter = f.ID, slices.Sorted(maps.Keys(f.Names)), f.NotAfter
		c.Default = len(settings) > 0 && settings[0].ID == f.ID
		certificates = append(certificates, c)
	}
	return certificates, nil
}

// InstallCertificate stores a certificate; effective after ReloadCertificates. Stalwart
// does not look whether the key belongs to it: one that does not would end every
// handshake (observed on 0.16.18 and 0.16.3).
func (j *jmap) InstallCertificate(ctx context.Context, n NewCertificate) (id string, err error) {
	created, e, err := j.set(ctx, "Certificate", obj{"create": obj{newObject: obj{
		"certificate": obj{"@type": "Text", "value": n.text()}, "privateKey": obj{"@type": "Text", "secret": n.Key.Reveal()}}}})
	if err != nil {
		return "", err
	}
	if e != nil {
		return "", scrubbed(refused("installing the certificate", e), n.Key)
	}
	var made struct{ ID string }
	if json.Unmarshal(created, &made) != nil || made.ID == "" {
		return "", &UnexpectedError{"x:Certificate/set", "no id of what it made"}
	}
	return made.ID, nil
}

// UseCertificate makes a certificate the default; "" makes it none. Effective after
// ReloadCertificates.
func (j *jmap) UseCertificate(ctx context.Context, id string) error {
	value := any(id)
	if id == "" {
		value = nil
	}
	e, err := j.update(ctx, "SystemSettings", singleton, obj{"defaultCertificateId": value})
	if err != nil {
		return err
	}
	return refused("making "+id+" the default certificate", e)
}

// ReloadCertificates takes what is stored into use, in the process that answers. One
// that cannot be used is told as a [ReloadError], and the others are in use all the
// same.
func (j *jmap) ReloadCertificates(ctx context.Context) error {
	return j.action(ctx, "ReloadTlsCertificates")
}

// DestroyCertificate ends a certificate of ours. It looks once more: the object must
// still be of that owner and hold that leaf. One that is gone already is no error.
func (j *jmap) DestroyCertificate(ctx context.Context, c Certificate) error {
	var found []jmapCertificate
	if err := j.get(ctx, "Certificate", []string{c.ID}, &found); err != nil || len(found) == 0 {
		return err
	}
	if there := readCertificate(found[0].Certificate.Value); c.Owner == "" || there.Owner != c.Owner || there.Leaf != c.Leaf {
		return &UnexpectedError{"x:Certificate/get", "another certificate in the place of " + c.ID + ", which we had made"}
	}
	return j.destroy(ctx, "Certificate", c.ID, obj{})
}
