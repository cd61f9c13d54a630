package dkimwatch

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// configMaps is the API of one namespace with one ConfigMap, which checks
// resource versions.
type configMaps struct {
	corev1client.ConfigMapInterface
	stored  *corev1.ConfigMap
	between func() // another writer, once before every update
	refuse  error
	updates int
}

var configMapsResource = schema.GroupResource{Resource: "configmaps"} //nolint:gochecknoglobals // a constant

func (f *configMaps) put(data map[string]string) {
	version := 1
	if f.stored != nil {
		version, _ = strconv.Atoi(f.stored.ResourceVersion)
		version++
	}
	f.stored = &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "records", UID: "u", ResourceVersion: strconv.Itoa(version)}, Data: data}
}

func (f *configMaps) Update(_ context.Context, c *corev1.ConfigMap, o metav1.UpdateOptions) (*corev1.ConfigMap, error) {
	f.updates++
	if f.between != nil {
		f.between()
	}
	switch {
	case f.refuse != nil:
		return nil, f.refuse
	case f.stored == nil:
		return nil, apierrors.NewNotFound(configMapsResource, c.Name)
	case c.ResourceVersion == "" || c.ResourceVersion != f.stored.ResourceVersion:
		return nil, apierrors.NewConflict(configMapsResource, c.Name, nil)
	case o.FieldManager != "smtp-mirror":
		return nil, apierrors.NewBadRequest("an update without a name")
	}
	f.put(c.Data)
	return f.stored.DeepCopy(), nil
}

func (f *configMaps) Get(_ context.Context, name string, _ metav1.GetOptions) (*corev1.ConfigMap, error) {
	if f.stored == nil {
		return nil, apierrors.NewNotFound(configMapsResource, name)
	}
	return f.stored.DeepCopy(), nil
}

// Keys of the tests, in the forms in which people have them.
func ed25519Key(t testing.TB) (ed25519.PrivateKey, []byte) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	return key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func rsaKey(t testing.TB) (key *rsa.PrivateKey, pkcs1, pkcs8 []byte) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	return key, pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// says reports whether the text of an error holds a part of it: what people are
// told is part of what is tested.
func says(err error, part string) bool { return err != nil && strings.Contains(fmt.Sprint(err), part) }
