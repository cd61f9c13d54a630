package dkimwatch

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPublicHalf: the p= tag of RFC 6376 (RSA: SubjectPublicKeyInfo) and of RFC
// 8463 (Ed25519: the bare 32 bytes).
func TestPublicHalf(t *testing.T) {
	e, text := ed25519Key(t)
	r, pkcs1, pkcs8 := rsaKey(t)
	der, err := x509.MarshalPKIXPublicKey(&r.PublicKey)
	must(t, err)
	rows := []struct {
		name              string
		text              []byte
		algorithm, public string
	}{
		{"Ed25519", text, "ed25519-sha256", base64.StdEncoding.EncodeToString(e.Public().(ed25519.PublicKey))},
		{"RSA, PKCS#1", pkcs1, "rsa-sha256", base64.StdEncoding.EncodeToString(der)},
		{"RSA, PKCS#8", pkcs8, "rsa-sha256", base64.StdEncoding.EncodeToString(der)},
		{"with text before it", append([]byte("# a comment\n"), text...), "ed25519-sha256", base64.StdEncoding.EncodeToString(e.Public().(ed25519.PublicKey))},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if got, err := PublicHalf(row.text); err != nil || got.Algorithm != row.algorithm || got.PublicKey != row.public {
				t.Errorf("%s, %v", got.Algorithm, err)
			}
		})
	}
}

// garbage is everything that is no key of ours.
func garbage(t testing.TB) map[string][]byte {
	t.Helper()
	_, text := ed25519Key(t)
	_, pkcs1, _ := rsaKey(t)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(ec)
	must(t, err)
	return map[string][]byte{
		"empty":           {},
		"text":            []byte("canary-of-the-key-tests"),
		"bare base64":     []byte(base64.StdEncoding.EncodeToString(der)),
		"truncated":       text[:len(text)/2],
		"broken inside":   bytes.Replace(text, []byte("MC4CAQ"), []byte("canary"), 1),
		"another kind":    pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
		"the wrong label": bytes.ReplaceAll(pkcs1, []byte("RSA PRIVATE"), []byte("PRIVATE")),
		"a certificate":   pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("canary")}),
		"an empty block":  []byte("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"),
	}
}

// TestGarbageIsNamedWithoutItsBytes: an error says what is wrong, and never
// shows a byte of the file.
func TestGarbageIsNamedWithoutItsBytes(t *testing.T) {
	for name, text := range garbage(t) {
		t.Run(name, func(t *testing.T) {
			got, err := PublicHalf(text)
			if err == nil || got != (MountedKey{}) {
				t.Fatal("it is taken for a key")
			}
			quiet(t, text, err)
		})
	}
}

// quiet fails where an error holds eight bytes in a row of a file.
func quiet(t *testing.T, text []byte, err error) {
	t.Helper()
	shown := fmt.Sprintf("%v %+v %#v", err, err, err)
	for i := 0; i+8 <= len(text); i++ {
		part := string(text[i : i+8])
		if strings.Contains(shown, part) && !strings.Contains(part, "PRIVATE") && !strings.Contains("-----BEGIN RSA PRIVATE KEY-----", part) {
			t.Fatal("the error shows bytes of the file")
		}
	}
}

// FuzzPublicHalf: it never panics, never shows bytes, and what it takes is a key
// of a known algorithm.
func FuzzPublicHalf(f *testing.F) {
	_, text := ed25519Key(f)
	f.Add(text)
	for _, seed := range garbage(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := PublicHalf(text)
		if err == nil && (got.PublicKey == "" || got.Algorithm != ed && got.Algorithm != rsaType) {
			t.Errorf("%+v", got)
		}
		if again, _ := PublicHalf(text); again != got {
			t.Error("two answers for one file")
		}
	})
}

// TestReadMounted: the layout of the kubelet, with files that are no keys
// beside the keys.
func TestReadMounted(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "..2026_01_01")
	must(t, os.MkdirAll(filepath.Join(data, "directory"), 0o750))
	must(t, os.Symlink("..2026_01_01", filepath.Join(dir, "..data")))
	_, first := ed25519Key(t)
	_, second, _ := rsaKey(t)
	large := bytes.Repeat([]byte("canary--"), 10<<10)
	for name, text := range map[string][]byte{"202401e.key": first, "plain": second, "notes.txt": []byte("canary-of-the-key-tests"), "large.pem": large} {
		must(t, os.WriteFile(filepath.Join(data, name), text, 0o600))
		must(t, os.Symlink(filepath.Join("..data", name), filepath.Join(dir, name)))
	}
	must(t, os.Symlink(filepath.Join("..data", "directory"), filepath.Join(dir, "directory")))
	must(t, os.Symlink("nowhere", filepath.Join(dir, "dangling.key")))
	must(t, os.WriteFile(filepath.Join(dir, ".hidden.key"), first, 0o600))
	keys, err := ReadMounted(dir)
	if len(keys) != 2 || keys[0].Selector != "202401e" || keys[1].Selector != "plain" || keys[1].Algorithm != rsaType {
		t.Errorf("%d keys: %+v", len(keys), keys)
	}
	if err == nil || !says(err, "notes.txt") || !says(err, "large.pem") || says(err, "canary") || says(err, "directory") {
		t.Errorf("the error names the wrong files, or shows one")
	}
	if _, err := ReadMounted(filepath.Join(dir, "absent")); err == nil {
		t.Error("a directory that is not there is no error")
	}
}
