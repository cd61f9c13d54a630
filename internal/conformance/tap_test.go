package conformance

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// request is what the product asked of the management API.
type request struct {
	Method, Path string
	Calls        []string // JMAP methods
	Credential   bool
}

// writes tells whether the request changes what the server stores or does.
func (r request) writes() bool {
	switch {
	case strings.HasPrefix(r.Path, "/jmap"):
		return slices.ContainsFunc(r.Calls, func(c string) bool { return strings.HasSuffix(c, "/set") })
	case r.Path == "/api/reload":
		return true
	}
	return r.Method != http.MethodGet
}

// changesAccount tells whether the request changes an account that exists, or
// creates one.
func (r request) changesAccount() bool {
	return slices.Contains(r.Calls, "x:Account/set") || r.Method != http.MethodGet && strings.HasPrefix(r.Path, "/api/principal")
}

// tap stands between the product and the management API.
type tap struct {
	URL string

	mu     sync.Mutex
	seen   []request
	before func(request) // runs before a request is passed on
}

// newTap starts a tap that ends with the test.
func newTap(t *testing.T, target string) *tap {
	t.Helper()
	base, err := url.Parse(target)
	must(t, err)
	transport := &http.Transport{}
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(base) },
		Transport: transport,
		// A server that is down looks like one: the connection just ends.
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	tap := &tap{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tap.note(r)
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		server.Close()
		transport.CloseIdleConnections()
	})
	tap.URL = server.URL
	return tap
}

func (p *tap) note(r *http.Request) {
	body, _ := io.ReadAll(r.Body) // a body that breaks off is the server's to judge
	r.Body = io.NopCloser(bytes.NewReader(body))
	_, _, credential := r.BasicAuth()
	seen := request{Method: r.Method, Path: r.URL.Path, Calls: callsOf(body), Credential: credential}
	p.mu.Lock()
	p.seen = append(p.seen, seen)
	before := p.before
	p.mu.Unlock()
	if before != nil {
		before(seen)
	}
}

func callsOf(body []byte) []string {
	var envelope struct {
		MethodCalls [][]json.RawMessage `json:"methodCalls"`
	}
	if json.Unmarshal(body, &envelope) != nil {
		return nil
	}
	var calls []string
	for _, call := range envelope.MethodCalls {
		var name string
		if len(call) > 0 && json.Unmarshal(call[0], &name) == nil {
			calls = append(calls, name)
		}
	}
	return calls
}

// mark is the number of requests so far.
func (p *tap) mark() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.seen)
}

// since gives the requests after a mark.
func (p *tap) since(mark int) []request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.seen[mark:])
}

// once runs a function before the first request that fits, and never again.
func (p *tap) once(t *testing.T, fits func(request) bool, do func()) {
	t.Helper()
	var first sync.Once
	p.intercept(func(r request) {
		if fits(r) {
			first.Do(do)
		}
	})
	t.Cleanup(func() { p.intercept(nil) })
}

func (p *tap) intercept(before func(request)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.before = before
}
