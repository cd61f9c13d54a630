package audit

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/openova-io/smtp-mirror/watcher"
)

// Metrics are the controller's own series. Those of a target exist from the
// start, at zero.
type Metrics struct {
	outcomes  *prometheus.GaugeVec
	writes    *prometheus.CounterVec
	changes   *prometheus.CounterVec
	troubles  *prometheus.CounterVec
	lastProof *prometheus.GaugeVec
	Leader    prometheus.Gauge
	Reloads   *prometheus.CounterVec
	Rebuilds  *prometheus.GaugeVec
	FreshAt   *prometheus.GaugeVec

	dnsState    *prometheus.GaugeVec
	dnsSeen     *prometheus.GaugeVec
	certificate *prometheus.GaugeVec
}

// NewMetrics registers the series.
func NewMetrics(r prometheus.Registerer) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "smtp_mirror_" + name, Help: help}, labels)
		r.MustRegister(v)
		return v
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "smtp_mirror_" + name, Help: help}, labels)
		r.MustRegister(v)
		return v
	}
	return &Metrics{
		outcomes:  gauge("target_outcome", "1 for the outcome and reason in which a target is.", "target", "outcome", "reason"),
		writes:    counter("writes_total", "Writes that a target made, in Kubernetes and in Stalwart.", "target"),
		changes:   counter("changes_total", "Real changes, each of which is also an Event.", "target", "reason"),
		troubles:  counter("troubles_total", "New troubles, each of which is also an Event.", "target", "reason"),
		lastProof: gauge("last_proof_timestamp_seconds", "Unix time of the newest accepted login of a submission; 0 for none yet.", "submission"),
		Leader:    gauge("leader", "1 while this process writes, 0 while it stands by.").WithLabelValues(),
		Reloads:   counter("config_reloads_total", "Changes of the configuration file that were noticed.", "result"),
		Rebuilds:  gauge("cache_rebuilds", "How often the cache of an object was rebuilt because its watch was dead or failing.", "object"),
		FreshAt:   gauge("cache_fresh_timestamp_seconds", "Unix time at which a live read last agreed with the cache.", "object"),

		dnsState:    gauge("dns_record_state", "1 for the state in which a record is for the outside.", "record", "state"),
		dnsSeen:     gauge("dns_record_published_timestamp_seconds", "Unix time at which every authoritative server last had a record as it should be; 0 for never.", "record"),
		certificate: gauge("certificate_days_left", "Days until the certificate ends that Stalwart shows.", "host"),
	}
}

// Start creates the series of the targets, and drops the gauges of targets that
// a new configuration has no more. Counters stay: they have counted.
func (m *Metrics) Start(targets []watcher.Status) {
	m.outcomes.Reset()
	m.lastProof.Reset()
	m.Rebuilds.Reset()
	m.FreshAt.Reset()
	m.certificate.Reset()
	for _, s := range targets {
		m.writes.WithLabelValues(string(s.Name)).Add(0)
		if name, ok := strings.CutPrefix(string(s.Name), "relay/"); ok {
			m.lastProof.WithLabelValues(name)
		}
		m.outcome(s, watcher.Result{})
	}
}

func (m *Metrics) changed(target string, c watcher.Change) {
	m.writes.WithLabelValues(target).Add(float64(c.Writes))
	m.changes.WithLabelValues(target, c.Reason).Inc()
}

func (m *Metrics) troubled(target, reason string) { m.troubles.WithLabelValues(target, reason).Inc() }

func (m *Metrics) outcome(s watcher.Status, r watcher.Result) {
	target := string(s.Name)
	m.outcomes.DeletePartialMatch(prometheus.Labels{"target": target})
	for _, o := range watcher.Outcomes() {
		if o == s.Outcome {
			m.outcomes.WithLabelValues(target, string(o), s.Reason).Set(1)
			continue
		}
		m.outcomes.WithLabelValues(target, string(o), "").Set(0)
	}
	if name, ok := strings.CutPrefix(target, "relay/"); ok && !r.LastProof.IsZero() {
		m.lastProof.WithLabelValues(name).Set(seconds(r.LastProof))
	}
}

// seconds is a time as Prometheus wants it.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// Cache reports the freshness of an object's cache.
func (m *Metrics) Cache(object string, fresh time.Time, rebuilds int64) {
	m.FreshAt.WithLabelValues(object).Set(seconds(fresh))
	m.Rebuilds.WithLabelValues(object).Set(float64(rebuilds))
}
