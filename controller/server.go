package controller

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/watcher"
)

// Face is what the process shows over HTTP. The controller behind it changes
// with the configuration.
type Face struct {
	Registry *prometheus.Registry
	Version  string

	current   atomic.Pointer[Controller]
	lastEvent atomic.Int64 // unix nanoseconds of the last webhook that woke
	pending   atomic.Bool  // another wake is on its way
}

// Show puts a controller behind the face.
func (f *Face) Show(c *Controller) { f.current.Store(c) }

// maxWebhook bounds a webhook's body.
const maxWebhook = 1 << 20

// webhookPause is the shortest time between two wakes by webhook: an attacker
// who fails logins at Stalwart must not make us log in as often.
const webhookPause = 2 * time.Second

// Handler serves /metrics, /livez, /readyz, /status and the webhook.
func (f *Face) Handler(w config.Webhook) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(f.Registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /livez", f.livez)
	mux.HandleFunc("GET /readyz", f.readyz)
	mux.HandleFunc("GET /status", f.status)
	if w.Enabled {
		mux.HandleFunc("POST "+w.Path, f.webhook)
	}
	return mux
}

func (f *Face) livez(w http.ResponseWriter, _ *http.Request) {
	if c := f.current.Load(); c != nil {
		if err := c.Alive(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	_, _ = io.WriteString(w, "ok\n")
}

// readyz means that the caches are filled, never that Stalwart is up: beside
// Stalwart in one Pod, an unready sidecar would take the mail server out of its
// Service.
func (f *Face) readyz(w http.ResponseWriter, _ *http.Request) {
	if c := f.current.Load(); c == nil || !c.Settled() {
		http.Error(w, "the caches are being filled", http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, "ok\n")
}

// report is the body of /status: generation, version and mode are Stalwart's.
type report struct {
	Leader     bool                `json:"leader"`
	Generation stalwart.Generation `json:"generation"`
	Version    string              `json:"version"`
	Mode       stalwart.Mode       `json:"mode"`
	Program    string              `json:"program"`
	Targets    []watcher.Status    `json:"targets"`
}

func (f *Face) status(w http.ResponseWriter, _ *http.Request) {
	r := report{Program: f.Version, Targets: []watcher.Status{}}
	if c := f.current.Load(); c != nil {
		info := c.Stalwart()
		r.Leader, r.Targets = c.Leading(), c.Status()
		r.Generation, r.Version, r.Mode = info.Generation, info.Version, info.Mode
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(r) // a client that left is no concern of ours
}

// webhook takes Stalwart's events. What they say is not believed, only that
// something happened; the signature keeps others from making us work.
func (f *Face) webhook(w http.ResponseWriter, r *http.Request) {
	c := f.current.Load()
	if c == nil || !c.Leading() {
		http.Error(w, "this replica does not lead", http.StatusServiceUnavailable) // Stalwart tries again
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxWebhook))
	if err != nil {
		http.Error(w, "the body is too large or broke off", http.StatusBadRequest)
		return
	}
	key, err := c.webhookKey()
	if err != nil {
		http.Error(w, "no key", http.StatusServiceUnavailable)
		return
	}
	if !signed(body, r.Header.Get("X-Signature"), key.Reveal()) {
		http.Error(w, "the signature does not verify", http.StatusUnauthorized)
		return
	}
	f.take(c, body)
	w.WriteHeader(http.StatusNoContent)
}

// signed verifies base64(HMAC-SHA256(key, body)).
func signed(body []byte, signature, key string) bool {
	given, err := base64.StdEncoding.DecodeString(signature)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write(body)
	return err == nil && hmac.Equal(given, mac.Sum(nil))
}

// take wakes for events that matter.
func (f *Face) take(c *Controller, body []byte) {
	var events struct{ Events []struct{ Type string } }
	if json.Unmarshal(body, &events) != nil {
		return
	}
	for _, e := range events.Events {
		if e.Type == "server.startup" {
			c.restarted()
			return
		}
	}
	if len(events.Events) > 0 && f.pending.CompareAndSwap(false, true) {
		time.AfterFunc(max(0, webhookPause-time.Since(time.Unix(0, f.lastEvent.Load()))), func() {
			f.lastEvent.Store(time.Now().UnixNano())
			f.pending.Store(false)
			c.Wake(sourceWebhook)
		})
	}
}
