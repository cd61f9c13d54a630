package apikey

import (
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/stalwart"
)

var errAbsent = errors.New("no administrator")

// TestKeyring: the key while it is good, else the administrator.
func TestKeyring(t *testing.T) {
	var secret *corev1.Secret
	var failure error
	told := 0
	k := &Keyring{Secret: func() (*corev1.Secret, error) { return secret, failure }, Bad: func() { told++ },
		Admin: func() (stalwart.Credential, error) {
			return stalwart.Credential{User: "postmaster", Password: redact.New("x")}, nil
		}}
	user := func() string {
		c, err := k.Credential()
		if err != nil {
			t.Fatal(err)
		}
		return c.User
	}
	good := kept(nil)
	for name, text := range map[string][]byte{"nothing": nil, "no JSON": []byte("{"), "another shape": []byte(`{"generation":"0.16"}`)} {
		secret = &corev1.Secret{Data: map[string][]byte{KeyDocument: text}}
		if user() != "postmaster" {
			t.Errorf("%s is taken for a key", name)
		}
	}
	secret = &corev1.Secret{Data: map[string][]byte{KeyDocument: good.Encode()}}
	if user() != good.Name {
		t.Error("the key is not used")
	}
	k.Refuse(good.Credential())
	if user() != "postmaster" || told != 1 {
		t.Error("a refused key is still used, or nobody was told")
	}
	if k.Renew(); user() != good.Name {
		t.Error("after a restart of Stalwart the key is not tried again")
	}
	k.Refuse(good.Credential())
	another := kept(func(k *Kept) { k.Key = redact.New("another") })
	secret.Data[KeyDocument] = another.Encode()
	if user() != another.Name {
		t.Error("a new key is not used")
	}
	if failure = errAbsent; user() != "postmaster" {
		t.Error("without its cache the administrator is not asked")
	}
}

// TestKeptRoundTrip: what is kept is read again, and an error quotes nothing.
func TestKeptRoundTrip(t *testing.T) {
	k := kept(func(k *Kept) { k.Powers.Bounces, k.AllowedIPs = true, []string{"10.0.0.0/8"} })
	again, err := Decode(k.Encode())
	if err != nil || string(again.Encode()) != string(k.Encode()) {
		t.Errorf("%+v, %v", again, err)
	}
	if _, err := Decode([]byte(`{"key":"canary-of-a-key"`)); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("%v", err)
	}
}
