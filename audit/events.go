package audit

import (
	"context"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/client-go/kubernetes/scheme"
	eventsv1client "k8s.io/client-go/kubernetes/typed/events/v1"
	"k8s.io/client-go/tools/events"
)

// Component is the reporting controller of every Event.
const Component = "smtp-mirror.openova.io/controller"

// Stream writes Events with client-go's recorder.
type Stream struct {
	broadcaster events.EventBroadcaster
	recorder    events.EventRecorderLogger
	sink        *countingSink
}

// NewStream starts a stream that ends with ctx.
func NewStream(ctx context.Context, client eventsv1client.EventsV1Interface) (*Stream, error) {
	sink := &countingSink{EventSinkImpl: events.EventSinkImpl{Interface: client}}
	s := &Stream{broadcaster: events.NewBroadcaster(sink), sink: sink}
	s.recorder = s.broadcaster.NewRecorder(scheme.Scheme, Component)
	err := s.broadcaster.StartRecordingToSinkWithContext(ctx)
	return s, err
}

// Event records one Event. The recorder folds Events of the same kind about the
// same object into a series and keeps only the first note; the resource version in
// the reference keeps real changes apart.
func (s *Stream) Event(about corev1.ObjectReference, kind, reason, action, note string) {
	s.sink.waiting.Add(1)
	s.recorder.Eventf(&about, nil, kind, reason, action, "%s", note)
}

// Close waits a moment for what is under way, because the recorder itself
// cannot be flushed, and ends the stream.
func (s *Stream) Close() {
	deadline := time.Now().Add(time.Second)
	for s.sink.waiting.Load() > 0 && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	s.broadcaster.Shutdown()
}

// countingSink counts what has been written.
type countingSink struct {
	events.EventSinkImpl
	waiting atomic.Int64
}

// Create counts a new Event as written, or as refused.
func (c *countingSink) Create(ctx context.Context, e *eventsv1.Event) (*eventsv1.Event, error) {
	defer c.waiting.Add(-1)
	return c.EventSinkImpl.Create(ctx, e)
}
