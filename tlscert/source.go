package tlscert

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/watcher"
)

// Source gives the two fields of the newest certificate.
type Source func() (certificate, key []byte, err error)

// FromSecret reads a Secret of type kubernetes.io/tls; ca.crt is of no use here.
func FromSecret(name string, get func() (*corev1.Secret, error)) Source {
	return func() ([]byte, []byte, error) {
		secret, err := get()
		if err != nil {
			return nil, nil, err
		}
		if secret == nil {
			return nil, nil, &watcher.HoldError{Why: ReasonCertificateMissing, Text: "the secret " + name + " with the certificate does not exist"}
		}
		return secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey], nil
	}
}

// FromDirectory reads tls.crt and tls.key of a mounted Secret. Both are read from the
// directory behind the kubelet's link: a renewal in between swaps the link, and would
// give the halves of two pairs.
func FromDirectory(dir string) Source {
	return func() ([]byte, []byte, error) {
		from := dir
		if real, err := filepath.EvalSymlinks(filepath.Join(dir, "..data")); err == nil {
			from = real
		}
		certificate, err := readField(from, corev1.TLSCertKey)
		if err != nil {
			return nil, nil, err
		}
		key, err := readField(from, corev1.TLSPrivateKeyKey)
		return certificate, key, err
	}
}

func readField(dir, field string) ([]byte, error) {
	f, err := os.Open(filepath.Join(dir, field)) //nolint:gosec // the directory is the operator's choice
	if err == nil {
		defer func() { _ = f.Close() }()
		var text []byte
		if text, err = io.ReadAll(io.LimitReader(f, maxText+1)); err == nil {
			return text, nil
		}
	}
	why := "cannot be read"
	if errors.Is(err, fs.ErrNotExist) {
		why = "does not exist"
	}
	return nil, &watcher.HoldError{Why: ReasonCertificateMissing, Text: "the file " + field + " of the mounted certificate " + why}
}
