package dkimwatch

import (
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/openova-io/smtp-mirror/dnsrecords"
	"github.com/openova-io/smtp-mirror/redact"
)

// maxKeyFile bounds what is read: a key of 8192 bits has about 6 KiB.
const maxKeyFile = 64 << 10

// ReadMounted reads the public halves of the keys in a directory: one private
// key in PEM form per file, its selector the file's name without extension. Files
// whose name begins with a dot belong to the kubelet. A file that holds no key is
// named in the error; the others are returned beside it.
func ReadMounted(dir string) ([]MountedKey, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("reading the directory of mounted keys: %w", err)
	}
	var keys []MountedKey
	var bad error
	for _, entry := range entries {
		name := entry.Name()
		info, err := os.Stat(filepath.Join(dir, name)) // the kubelet's files are symlinks
		if strings.HasPrefix(name, ".") || err != nil || !info.Mode().IsRegular() {
			continue
		}
		key, err := readKey(filepath.Join(dir, name), info.Size())
		if err != nil {
			bad = errors.Join(bad, fmt.Errorf("the file %s: %w", name, err))
			continue
		}
		key.Selector = strings.TrimSuffix(name, filepath.Ext(name))
		keys = append(keys, key)
	}
	return keys, bad
}

// ReadPrivate reads the mounted private key with a selector, in PEM form.
func ReadPrivate(dir, selector string) (redact.Secret, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return redact.Secret{}, fmt.Errorf("reading the directory of mounted keys: %w", err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		if strings.TrimSuffix(name, filepath.Ext(name)) != selector {
			continue
		}
		text, err := os.ReadFile(file) //nolint:gosec // the directory is the operator's choice
		if _, bad := PublicHalf(text); err == nil && bad == nil {
			return redact.New(string(text)), nil
		}
	}
	return redact.Secret{}, errors.New("the mounted key " + selector + " is not there any more")
}

// readKey derives the public half; an error never shows a byte of the file.
func readKey(path string, size int64) (MountedKey, error) {
	if size > maxKeyFile {
		return MountedKey{}, errors.New("is too large for a key")
	}
	text, err := os.ReadFile(path) //nolint:gosec // the directory is the operator's choice
	if err != nil {
		return MountedKey{}, errors.New("cannot be read")
	}
	return PublicHalf(text)
}

// PublicHalf derives the public half of a private key in PEM form: PKCS#8
// (Ed25519 or RSA) or PKCS#1 (RSA).
func PublicHalf(text []byte) (MountedKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return MountedKey{}, errors.New("holds no PEM block")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if block.Type == "RSA PRIVATE KEY" {
		parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	}
	if err != nil {
		return MountedKey{}, errors.New("holds a PEM block that is no private key")
	}
	switch key := parsed.(type) {
	case ed25519.PrivateKey:
		return MountedKey{Algorithm: dnsrecords.Ed25519SHA256, PublicKey: base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey))}, nil
	case *rsa.PrivateKey:
		der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
		if err != nil {
			return MountedKey{}, errors.New("holds an RSA key that cannot be encoded")
		}
		return MountedKey{Algorithm: dnsrecords.RSASHA256, PublicKey: base64.StdEncoding.EncodeToString(der)}, nil
	}
	return MountedKey{}, errors.New("holds a key that is neither RSA nor Ed25519")
}
