package stalwarttest

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// httpHandler answers the management interface of one process.
type httpHandler struct {
	s *Server
	p *process
}

// exchange is one HTTP request on its way through the handlers.
type exchange struct {
	s    *Server
	p    *process
	w    http.ResponseWriter
	r    *http.Request
	ip   string
	body []byte
}

func (h *httpHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 11<<20))
	if err != nil {
		return
	}
	ip, _, _ := net.SplitHostPort(r.RemoteAddr)
	x := &exchange{s: h.s, p: h.p, w: w, r: r, ip: ip, body: body}
	h.s.records.request(r, body)
	if f := h.s.faultFor(r, body); f != nil && h.s.answerFault(x, f) {
		return
	}
	// The answer is made under the lock and sent without it: a client that
	// does not read must not stop the other protocols.
	buffered := &bufferedWriter{header: http.Header{}, status: http.StatusOK}
	x.w = buffered
	if err := x.serveLocked(); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	buffered.sendTo(w)
}

type bufferedWriter struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (b *bufferedWriter) Header() http.Header         { return b.header }
func (b *bufferedWriter) WriteHeader(status int)      { b.status = status }
func (b *bufferedWriter) Write(p []byte) (int, error) { return b.body.Write(p) }

func (b *bufferedWriter) sendTo(w http.ResponseWriter) {
	for name, values := range b.header {
		w.Header()[name] = values
	}
	w.WriteHeader(b.status)
	w.Write(b.body.Bytes())
}

func (x *exchange) serveLocked() error {
	x.s.store.mu.Lock()
	defer x.s.store.mu.Unlock()
	x.serve()
	return x.s.persist()
}

func (x *exchange) serve() {
	if !x.s.edition.keepAliveFree && x.s.banned(x.p, x.ip) {
		x.json(http.StatusForbidden, problemJSON, problem{Type: blank, Status: 403, Title: "Forbidden", Detail: "Forbidden"})
		return
	}
	path := x.r.URL.Path
	switch {
	case x.r.Method == http.MethodOptions:
		if x.s.edition.rest {
			x.w.Header().Set("Content-Type", problemJSON)
		}
		x.w.WriteHeader(http.StatusNoContent)
	case strings.HasPrefix(path, "/healthz"):
		x.health(path)
	case x.s.edition.rest:
		x.serveREST(path)
	default:
		x.serveRegistry(path)
	}
}

// serveRegistry routes the paths of 0.16.
func (x *exchange) serveRegistry(path string) {
	get := x.r.Method == http.MethodGet
	switch {
	case get && path == "/.well-known/jmap":
		x.w.Header().Set("Cache-Control", "no-cache")
		x.redirect(http.StatusTemporaryRedirect, "/jmap/session")
	case get && path == "/jmap/session":
		x.session()
	case get && strings.HasPrefix(path, "/jmap/eventsource"):
		x.eventSource()
	case x.r.Method == http.MethodPost && strings.TrimSuffix(path, "/") == "/jmap":
		x.jmap()
	case get && path == "/api/account":
		x.account()
	case get && path == "/api/schema":
		if who := x.authenticated(); who != nil {
			x.redirect(http.StatusFound, "/api/schema/"+x.s.edition.schema)
		}
	case get && x.discovery(path):
	default:
		x.unknown(path)
	}
}

// unknown answers everything else: single segments belong to the web interface
// and are redirected, several segments may be a scanner at work.
func (x *exchange) unknown(path string) {
	rest := strings.Trim(path, "/")
	get := x.r.Method == http.MethodGet
	switch {
	case path == "/" && get && !x.s.edition.nullDrops:
		x.redirect(http.StatusFound, str(x.s.singleton("Http")["redirectRoot"]))
		return
	case get && rest != "" && !strings.Contains(rest, "/") && !strings.HasSuffix(path, "/") && !hasPrefix(rest, "api", "jmap"):
		x.redirect(http.StatusFound, path+"/")
		return
	}
	x.scanned(path)
	x.fail(http.StatusNotFound)
}

// scanned bans whoever asks for the path of another product.
func (x *exchange) scanned(path string) {
	if hasPrefix(path, "/api", "/jmap", "/.well-known") || x.s.exempt(x.p, x.ip) {
		return
	}
	for _, pattern := range x.p.active.scanPaths {
		if globMatches(pattern, path) {
			x.s.block(x.p, x.ip, "portScanning", x.p.active.scanBanPeriod)
			return
		}
	}
}

// globMatches understands the star only.
func globMatches(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if !strings.HasPrefix(text, parts[0]) {
		return false
	}
	text = text[len(parts[0]):]
	for i, part := range parts[1:] {
		at := strings.Index(text, part)
		if i == len(parts)-2 && part != "" {
			return strings.HasSuffix(text, part)
		}
		if at < 0 {
			return false
		}
		text = text[at+len(part):]
	}
	return true
}

func (x *exchange) health(path string) {
	get := x.r.Method == http.MethodGet || x.r.Method == http.MethodHead
	if !get || path != "/healthz/live" && path != "/healthz/ready" {
		x.fail(http.StatusNotFound)
		return
	}
	if x.limited() {
		return
	}
	x.json(http.StatusOK, problemJSON, problem{Type: blank, Status: 200, Title: "OK", Detail: "OK"})
}

// limited applies the limit of anonymous requests, and answers when it is over.
func (x *exchange) limited() bool {
	if x.p.mode != "" || x.s.exempt(x.p, x.ip) || x.p.active.anonymousRate == 0 {
		return false
	}
	w := windowOf(x.p.anonymous, x.ip)
	if w.count(x.s.now(), time.Minute) <= x.p.active.anonymousRate {
		return false
	}
	x.tooMany(w, x.p.active.anonymousRate)
	return true
}

func (x *exchange) tooMany(w *window, rate int) {
	if x.s.edition.limitHeaders {
		left := int(w.left(x.s.now(), time.Minute).Seconds())
		x.w.Header().Set("Retry-After", fmt.Sprint(left))
		x.w.Header().Set("RateLimit-Policy", fmt.Sprintf(`"requests";q=%d`, rate))
		x.w.Header().Set("RateLimit", fmt.Sprintf(`"requests";r=0;t=%d`, left))
	}
	x.json(http.StatusTooManyRequests, problemJSON, problem{
		Type: blank, Status: 429, Title: "Too Many Requests",
		Detail: "Your request has been rate limited. Please try again in a few seconds.",
	})
}

const (
	blank       = "about:blank"
	problemJSON = "application/problem+json"
	plainJSON   = "application/json; charset=utf-8"
)
