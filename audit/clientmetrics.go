package audit

import (
	"context"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/tools/metrics"
	"k8s.io/client-go/util/workqueue"
)

// Queue gives the workqueue its metrics.
type Queue struct {
	depth, unfinished, longest *prometheus.GaugeVec
	adds, retries              *prometheus.CounterVec
	latency, work              *prometheus.HistogramVec
}

// NewQueue registers the usual workqueue series of client-go's users.
func NewQueue(r prometheus.Registerer) *Queue {
	label := []string{"name"}
	q := &Queue{
		depth:      prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "workqueue_depth", Help: "Targets that wait in the queue."}, label),
		unfinished: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "workqueue_unfinished_work_seconds", Help: "Seconds of work in progress that is not yet counted as work duration."}, label),
		longest:    prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "workqueue_longest_running_processor_seconds", Help: "Seconds that the longest running worker has been at work."}, label),
		adds:       prometheus.NewCounterVec(prometheus.CounterOpts{Name: "workqueue_adds_total", Help: "Targets that were added."}, label),
		retries:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "workqueue_retries_total", Help: "Targets that were added again after a failure."}, label),
		latency:    prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "workqueue_queue_duration_seconds", Help: "Seconds that a target waits before it is worked on.", Buckets: prometheus.ExponentialBuckets(0.0001, 10, 7)}, label),
		work:       prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "workqueue_work_duration_seconds", Help: "Seconds that a run takes.", Buckets: prometheus.ExponentialBuckets(0.001, 10, 6)}, label),
	}
	r.MustRegister(q.depth, q.unfinished, q.longest, q.adds, q.retries, q.latency, q.work)
	return q
}

var _ workqueue.MetricsProvider = (*Queue)(nil)

// NewDepthMetric and the methods below are workqueue.MetricsProvider.
func (q *Queue) NewDepthMetric(name string) workqueue.GaugeMetric {
	return q.depth.WithLabelValues(name)
}

// NewAddsMetric counts adds.
func (q *Queue) NewAddsMetric(name string) workqueue.CounterMetric {
	return q.adds.WithLabelValues(name)
}

// NewLatencyMetric observes waiting.
func (q *Queue) NewLatencyMetric(name string) workqueue.HistogramMetric {
	return q.latency.WithLabelValues(name)
}

// NewWorkDurationMetric observes work.
func (q *Queue) NewWorkDurationMetric(name string) workqueue.HistogramMetric {
	return q.work.WithLabelValues(name)
}

// NewUnfinishedWorkSecondsMetric shows work in progress.
func (q *Queue) NewUnfinishedWorkSecondsMetric(name string) workqueue.SettableGaugeMetric {
	return q.unfinished.WithLabelValues(name)
}

// NewLongestRunningProcessorSecondsMetric shows the longest run.
func (q *Queue) NewLongestRunningProcessorSecondsMetric(name string) workqueue.SettableGaugeMetric {
	return q.longest.WithLabelValues(name)
}

// NewRetriesMetric counts retries.
func (q *Queue) NewRetriesMetric(name string) workqueue.CounterMetric {
	return q.retries.WithLabelValues(name)
}

// RegisterClient registers the requests of client-go: once per process, because
// client-go keeps its metrics in globals.
func RegisterClient(r prometheus.Registerer) {
	latency := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "rest_client_request_duration_seconds", Help: "Seconds that requests to the API server take.", Buckets: prometheus.ExponentialBuckets(0.001, 4, 8)}, []string{"verb"})
	results := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rest_client_requests_total", Help: "Requests to the API server."}, []string{"code", "method"})
	r.MustRegister(latency, results)
	metrics.Register(metrics.RegisterOpts{RequestLatency: clientLatency{latency}, RequestResult: clientResult{results}})
}

type clientLatency struct{ *prometheus.HistogramVec }

// Observe is metrics.LatencyMetric.
func (l clientLatency) Observe(_ context.Context, verb string, _ url.URL, d time.Duration) {
	l.WithLabelValues(verb).Observe(d.Seconds())
}

type clientResult struct{ *prometheus.CounterVec }

// Increment is metrics.ResultMetric.
func (c clientResult) Increment(_ context.Context, code, method, _ string) {
	c.WithLabelValues(code, method).Inc()
}
