package tlscert_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/internal/controlplane/pki"
	"github.com/openova-io/smtp-mirror/internal/stalwarttest"
	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/tlscert"
	"github.com/openova-io/smtp-mirror/watcher"
)

// TestEveryPod loads the certificate, each for itself.
func TestEveryPod(t *testing.T) {
	s := newSite(t, stalwarttest.Options{})
	at := func(address string) string {
		_, port, err := net.SplitHostPort(address)
		s.must(err)
		return net.JoinHostPort("127.0.0.2", port)
	}
	home, err := url.Parse(s.server.URL())
	s.must(err)
	second := &site{t: t}
	second.server, err = stalwarttest.Start(stalwarttest.Options{Peer: s.server, HTTPAddr: at(home.Host), SubmissionAddr: at(s.server.SubmissionAddr())})
	s.must(err)
	t.Cleanup(func() { s.must(second.server.Close()) })
	pods := []watcher.Incarnation{{Pod: "a", UID: "a", IP: "127.0.0.1", Ready: true}, {Pod: "b", UID: "b", IP: "127.0.0.2", Ready: true}, {Pod: "c", UID: "c"}}
	s.keeper.Pods = func() []watcher.Incarnation { return pods }
	ca := authority(t)
	for range 2 {
		s.source = issue(t, ca, month, host)
		if result, err := s.run(); err != nil || len(result.Changes) == 0 {
			t.Fatalf("%+v %v", result, err)
		}
		s.shows(s.source)
		second.shows(s.source)
	}
	s.must(second.server.Stop())
	old := s.source
	s.source = issue(t, ca, 2*month, host)
	s.held(string(smtpprobe.Unreachable), "127.0.0.2")
	if len(s.holds()) != 2 {
		t.Errorf("the old one is gone, and a Pod may still serve it: %+v", s.holds())
	}
	s.must(second.server.Start())
	if _, err := s.run(); err != nil {
		t.Fatal(err)
	}
	second.shows(s.source)
	if all := s.holds(); len(all) != 1 || all[0].Leaf == fingerprint(old) {
		t.Errorf("it holds %+v", all)
	}
}

// spoil is Stalwart with another idea of the key: what no check of ours can foresee.
func (s *site) spoil(key []byte) {
	s.t.Helper()
	home, err := url.Parse(s.server.URL())
	s.must(err)
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(home) }}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if len(s.source.Key) > 0 {
			mine, _ := json.Marshal(string(s.source.Key))
			theirs, _ := json.Marshal(string(key))
			body = bytes.ReplaceAll(body, mine, theirs)
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		proxy.ServeHTTP(w, r)
	}))
	s.t.Cleanup(front.Close)
	s.keeper.Fleet, err = stalwart.NewFleet(stalwart.Options{URL: front.URL, Gate: stalwart.NewGate(), Credential: func() (stalwart.Credential, error) {
		user, password := s.server.Admin()
		return stalwart.Credential{User: user, Password: redact.New(password)}, nil
	}})
	s.must(err)
	s.t.Cleanup(s.keeper.Fleet.CloseAll)
}

// TestWhatStalwartCannotUseIsWithdrawn, and not offered again.
func TestWhatStalwartCannotUseIsWithdrawn(t *testing.T) {
	ca := authority(t)
	for name, key := range map[string][]byte{"it cannot be loaded": []byte("no key at all"), "every handshake fails": issue(t, ca, month, host).Key} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, stalwarttest.Options{})
			good := issue(t, ca, month, host)
			s.source = good
			s.converged(tlscert.ChangedCertificate, tlscert.ChangedCertificateReloaded)
			s.source = issue(t, ca, 2*month, host)
			s.spoil(key)
			s.changed(s.held(tlscert.ReasonCertificateUnusable), tlscert.ChangedCertificate, tlscert.ChangedCertificateWithdrawn)
			s.shows(good)
			s.changed(s.held(tlscert.ReasonCertificateUnusable))
			if all := s.holds(); len(all) != 1 || all[0].Leaf != fingerprint(good) || !all[0].Default {
				t.Errorf("it holds %+v", all)
			}
			s.source, s.keeper.Fleet = issue(t, ca, 2*month, host), s.fleet
			s.converged(tlscert.ChangedCertificate, tlscert.ChangedCertificateReloaded, tlscert.ChangedCertificateEnded)
			s.shows(s.source)
		})
	}
}

// TestFromDirectory reads what the kubelet mounts, both halves of one pair.
func TestFromDirectory(t *testing.T) {
	dir := t.TempDir()
	read := tlscert.FromDirectory(dir)
	if _, _, err := read(); watcher.ReasonOf(err) != tlscert.ReasonCertificateMissing || !strings.Contains(err.Error(), "tls.crt of the mounted certificate does not exist") {
		t.Errorf("it says %v", err)
	}
	put := func(version string, p pki.Pair) {
		t.Helper()
		for name, text := range map[string][]byte{corev1.TLSCertKey: p.Cert, corev1.TLSPrivateKeyKey: p.Key} {
			if err := os.MkdirAll(filepath.Join(dir, version), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, version, name), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_ = os.Remove(filepath.Join(dir, "..data"))
		if err := os.Symlink(version, filepath.Join(dir, "..data")); err != nil {
			t.Fatal(err)
		}
	}
	for _, version := range []string{"..1", "..2"} {
		p := pki.Pair{Cert: []byte("certificate " + version), Key: []byte("key " + version)}
		put(version, p)
		certificate, key, err := read()
		if err != nil || !bytes.Equal(certificate, p.Cert) || !bytes.Equal(key, p.Key) {
			t.Errorf("%q %v", certificate, err)
		}
	}
}

// TestFromSecret tells a Secret that is missing.
func TestFromSecret(t *testing.T) {
	var secret *corev1.Secret
	read := tlscert.FromSecret(owner, func() (*corev1.Secret, error) { return secret, nil })
	if _, _, err := read(); watcher.ReasonOf(err) != tlscert.ReasonCertificateMissing || !strings.Contains(err.Error(), owner) {
		t.Errorf("it says %v", err)
	}
	secret = &corev1.Secret{Data: map[string][]byte{corev1.TLSCertKey: []byte("c"), corev1.TLSPrivateKeyKey: []byte("k"), corev1.ServiceAccountRootCAKey: []byte("a")}}
	if certificate, key, err := read(); string(certificate) != "c" || string(key) != "k" || err != nil {
		t.Errorf("%v", err)
	}
}

// TestEachHandshakeWaitsForItsTurn: Stalwart takes five connections a second.
func TestEachHandshakeWaitsForItsTurn(t *testing.T) {
	s := newSite(t, stalwarttest.Options{})
	turns := 0
	s.keeper.Turn = func(context.Context) error { turns++; return nil }
	s.source = issue(t, authority(t), month, host)
	s.converged(tlscert.ChangedCertificate, tlscert.ChangedCertificateReloaded)
	first := turns
	s.converged()
	if first < 2 || turns != first+1 {
		t.Errorf("%d turns, then %d", first, turns-first)
	}
}
