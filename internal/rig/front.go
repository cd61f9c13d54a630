package rig

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"k8s.io/client-go/rest"

	"github.com/openova-io/smtp-mirror/internal/controlplane/pki"
)

// Front is an HTTPS server before the API server, through which the controller
// speaks to it. It can answer in its place.
type Front struct {
	server  *http.Server
	spoil   atomic.Pointer[Spoil]
	spoiled atomic.Int64
}

// Spoil may answer a request in the place of the API server; false lets it pass.
type Spoil func(w http.ResponseWriter, r *http.Request) bool

// BehindFront makes the controller, when it is started next, see the API server
// through a Front.
func (r *Rig) BehindFront() (*Front, error) {
	ca, err := pki.NewCA("front")
	if err != nil {
		return nil, fmt.Errorf("making a CA: %w", err)
	}
	issued, err := ca.Server("127.0.0.1")
	if err != nil {
		return nil, fmt.Errorf("making a certificate: %w", err)
	}
	pair, err := tls.X509KeyPair(issued.Cert, issued.Key)
	if err != nil {
		return nil, fmt.Errorf("loading the certificate: %w", err)
	}
	f := &Front{}
	f.server = &http.Server{Handler: f.handler(r.Account), TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12},
		ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: time.Minute}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	go func() { _ = f.server.ServeTLS(listener, "", "") }() // ends with Close
	return f, r.seeAPIAt(listener.Addr().String(), ca.PEM())
}

// seeAPIAt gives the controller a kubeconfig with another address.
func (r *Rig) seeAPIAt(address string, ca []byte) error {
	account := rest.CopyConfig(r.Account)
	account.Host, account.CAData = "https://"+address, ca
	r.Kubeconfig = filepath.Join(r.Dir, "kubeconfig-elsewhere")
	return r.ControlPlane.WriteKubeconfig(r.Kubeconfig, account)
}

// BehindLink makes the controller, when it is started next, see the API server
// through a Link, which the caller closes.
func (r *Rig) BehindLink() (*Link, error) {
	upstream, err := url.Parse(r.Account.Host)
	if err != nil {
		return nil, fmt.Errorf("reading the API server's address: %w", err)
	}
	link, err := NewLink("127.0.0.1:0", upstream.Host, "")
	if err != nil {
		return nil, err
	}
	return link, r.seeAPIAt(link.Addr(), r.Account.CAData)
}

func (f *Front) handler(account *rest.Config) http.Handler {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(account.CAData)
	upstream, err := url.Parse(account.Host)
	proxy := httputil.NewSingleHostReverseProxy(upstream)
	proxy.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	proxy.FlushInterval = -1
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if spoil := f.spoil.Load(); err == nil && spoil != nil && (*spoil)(w, r) {
			f.spoiled.Add(1)
			return
		}
		proxy.ServeHTTP(w, r)
	})
}

// Spoil lets requests go wrong from now on; nil ends it.
func (f *Front) Spoil(how Spoil) {
	if how == nil {
		f.spoil.Store(nil)
		return
	}
	f.spoil.Store(&how)
}

// Spoiled counts the requests that went wrong.
func (f *Front) Spoiled() int64 { return f.spoiled.Load() }

// Close ends it with every connection.
func (f *Front) Close() error {
	if f == nil {
		return nil
	}
	if err := f.server.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// Refuse answers with a status of the Kubernetes API. Only writes, or everything;
// the Lease is left alone, so that the process goes on leading.
func Refuse(code int, reason string, writesOnly bool) Spoil {
	body := fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":%q,"message":"injected","code":%d}`, reason, code)
	return func(w http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.Path, "/leases") || writesOnly && r.Method == http.MethodGet {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
		return true
	}
}

// Silence never answers, but for the Lease; the client gives up.
func Silence(_ http.ResponseWriter, r *http.Request) bool {
	if strings.Contains(r.URL.Path, "/leases") {
		return false
	}
	<-r.Context().Done()
	return true
}
