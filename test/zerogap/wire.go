package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/rest"

	"github.com/openova-io/smtp-mirror/internal/controlplane/pki"
)

// call is one request of the controller, to the API server or to Stalwart.
type call struct {
	api     bool
	write   bool
	step    bool     // writes the state of the rotation
	methods []string // of JMAP
}

// fault is what becomes of a call.
type fault string

// The faults.
const (
	none      fault = ""
	killAfter fault = "kill after" // carried out; the controller dies before it hears of it
	fails     fault = "500"        // not carried out
	conflicts fault = "conflict"   // somebody else was first
	lost      fault = "lost"       // never arrives, and nobody says so
	forgotten fault = "forgotten"  // carried out, and the answer is lost
	hangs     fault = "hangs"      // no answer at all
)

// tally counts calls.
type tally struct {
	api, mail int // all of them
	writes    int // of both
	puts      int // writes to the API server
	steps     int // writes of the rotation's state
}

// wire stands between the controller and both of its servers, and counts.
type wire struct {
	kill func() // ends the controller, at once

	mu sync.Mutex
	tally
	plan  func(c call, number, write int) fault // what becomes of a call, by its number and that of its write
	close []func() error
}

// count starts counting anew, and says what was counted.
func (w *wire) count(plan func(c call, number, write int) fault) (counted tally) {
	w.mu.Lock()
	defer w.mu.Unlock()
	counted, w.tally, w.plan = w.tally, tally{}, plan
	return counted
}

// judge counts a call and says what becomes of it.
func (w *wire) judge(c call) fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.api {
		w.api++
	} else {
		w.mail++
	}
	if c.write {
		w.writes++
	}
	if c.write && c.api {
		w.puts++
	}
	if c.step {
		w.steps++
	}
	if w.plan == nil {
		return none
	}
	return w.plan(c, w.api+w.mail, w.writes)
}

// stalwart puts a tap before the management API and gives its URL.
func (w *wire) stalwart(target string) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	w.serve(listener, target, &http.Transport{}, w.ofStalwart)
	return "http://" + listener.Addr().String(), nil
}

// kubernetes puts a tap before the API server and gives the configuration that uses it.
func (w *wire) kubernetes(account *rest.Config) (*rest.Config, error) {
	ca, err := pki.NewCA("wire")
	if err != nil {
		return nil, err
	}
	pair, err := ca.Server("127.0.0.1")
	if err != nil {
		return nil, err
	}
	certificate, err := tls.X509KeyPair(pair.Cert, pair.Key)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(account.CAData) {
		return nil, errors.New("the API server's authority is no certificate")
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	secured := tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2", "http/1.1"}, MinVersion: tls.VersionTLS12})
	w.serve(secured, account.Host, &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}, w.ofKubernetes)
	tapped := rest.CopyConfig(account)
	tapped.Host = "https://" + listener.Addr().String()
	tapped.CAData = ca.PEM()
	return tapped, nil
}

func (w *wire) serve(l net.Listener, target string, transport *http.Transport, of func(r *http.Request, body []byte) (call, bool)) {
	base, err := url.Parse(target)
	if err != nil {
		panic(err) // it is one that somebody is using already
	}
	proxy := &httputil.ReverseProxy{Transport: transport, FlushInterval: -1,
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(base) },
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }, // it looks as if the server were down
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0), Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if c, counts := of(r, body); counts {
			w.carry(c, rw, r, proxy)
			return
		}
		proxy.ServeHTTP(rw, r)
	})}
	go func() { _ = server.Serve(l) }()
	w.close = append(w.close, server.Close, func() error { transport.CloseIdleConnections(); return nil })
}

// carry lets happen what is planned for a call.
func (w *wire) carry(c call, rw http.ResponseWriter, r *http.Request, proxy http.Handler) {
	switch f := w.judge(c); f {
	case none:
		proxy.ServeHTTP(rw, r)
	case killAfter:
		proxy.ServeHTTP(discard{http.Header{}}, r)
		w.kill()
		panic(http.ErrAbortHandler)
	case forgotten:
		proxy.ServeHTTP(discard{http.Header{}}, r)
		panic(http.ErrAbortHandler)
	case lost:
		await(r.Context(), time.Second)
		panic(http.ErrAbortHandler)
	case hangs:
		await(r.Context(), 40*time.Second)
		panic(http.ErrAbortHandler)
	default:
		refuse(c, f, rw)
	}
}

// refuse answers as the server does for the reason that is given.
func refuse(c call, f fault, rw http.ResponseWriter) {
	rw.Header().Set("Content-Type", "application/json")
	status, body := http.StatusInternalServerError, map[string]any{"type": "about:blank", "status": 500, "title": "Internal Server Error"}
	switch {
	case c.api && f == conflicts:
		status, body = http.StatusConflict, map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Conflict", "code": 409, "message": "injected"}
	case c.api:
		body = map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "InternalError", "code": 500, "message": "injected"}
	case f == conflicts && len(c.methods) > 0: // a lost race of 0.16; on 0.15 it is a 500
		status, body = http.StatusOK, map[string]any{"methodResponses": []any{[]any{"error", map[string]any{"type": "serverUnavailable"}, c.methods[0]}}}
	}
	rw.WriteHeader(status)
	_ = json.NewEncoder(rw).Encode(body)
}

// discard is an answer that nobody hears.
type discard struct{ header http.Header }

func (d discard) Header() http.Header       { return d.header }
func (discard) WriteHeader(int)             {}
func (discard) Write(p []byte) (int, error) { return len(p), nil }

func await(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// ofKubernetes reads a call to the API server. Watches, the Lease and Events are
// not counted: they come when they come.
func (w *wire) ofKubernetes(r *http.Request, _ []byte) (call, bool) {
	c := call{api: true, write: r.Method != http.MethodGet && !strings.Contains(r.URL.Path, "/authorization.k8s.io/")}
	c.step = c.write && strings.HasSuffix(r.URL.Path, "/secrets/"+stateSecret)
	return c, r.URL.Query().Get("watch") == "" && !strings.Contains(r.URL.Path, "/leases") && !strings.Contains(r.URL.Path, "/events")
}

// ofStalwart reads a call to the management API.
func (w *wire) ofStalwart(r *http.Request, body []byte) (call, bool) {
	c := call{write: r.Method != http.MethodGet}
	if strings.HasPrefix(r.URL.Path, "/jmap") && r.Method == http.MethodPost {
		var envelope struct {
			MethodCalls [][]json.RawMessage `json:"methodCalls"`
		}
		_ = json.Unmarshal(body, &envelope) // what is no JMAP has no methods
		c.write = false
		for _, m := range envelope.MethodCalls {
			var name string
			if len(m) > 0 && json.Unmarshal(m[0], &name) == nil {
				c.methods = append(c.methods, name)
				c.write = c.write || strings.HasSuffix(name, "/set")
			}
		}
	}
	return c, true
}

// end closes the taps.
func (w *wire) end() {
	for _, c := range w.close {
		_ = c()
	}
}
