package watcher_test

import (
	"context"
	"slices"
	"strconv"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/openova-io/smtp-mirror/watcher"
)

// api is an API server with one Secret in it, and with the ways in which a real
// one fails.
type api struct {
	mu      sync.Mutex
	version int
	secret  *corev1.Secret
	streams []*stream
	mute    bool             // new watches are swallowed too
	fails   map[string]error // by verb: list, watch, get
	oldest  int              // watches from before this version are answered with 410 Gone
}

func newAPI() *api {
	a := &api{version: 1, fails: map[string]error{}}
	a.put("one")
	return a
}

// stream is one watch. Its channel holds more than any test sends, so that the
// server never waits for a reader.
type stream struct {
	events  chan watch.Event
	stopped sync.Once
	swallow bool // the connection is dead: nothing arrives, and nobody notices
	closed  bool
}

func (s *stream) ResultChan() <-chan watch.Event { return s.events }

// Stop is called by the reader. The server keeps its end, as a real one does.
func (s *stream) Stop() {}

func (a *api) access() watcher.Access[*corev1.Secret] {
	return watcher.Access[*corev1.Secret]{Name: "secret ns/s", Example: &corev1.Secret{}, List: a.list, Watch: a.watch, Live: a.get}
}

// put stores a new value and tells every watch.
func (a *api) put(value string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.version++
	kind := watch.Modified
	if a.secret == nil {
		kind = watch.Added
	}
	a.secret = &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "s", UID: "u", ResourceVersion: strconv.Itoa(a.version)}, Data: map[string][]byte{"value": []byte(value)}}
	a.tell(watch.Event{Type: kind, Object: a.secret.DeepCopy()})
}

// remove deletes the Secret.
func (a *api) remove() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.version++
	gone := a.secret.DeepCopy()
	gone.ResourceVersion = strconv.Itoa(a.version)
	a.secret = nil
	a.tell(watch.Event{Type: watch.Deleted, Object: gone})
}

func (a *api) tell(e watch.Event) {
	for _, s := range a.streams {
		if !s.swallow && !s.closed {
			s.events <- e
		}
	}
}

// fail makes verbs fail with an error; nil heals them.
func (a *api) fail(err error, verbs ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, v := range verbs {
		a.fails[v] = err
	}
}

// compact forgets all versions before the current one, as etcd does.
func (a *api) compact() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.oldest = a.version
}

// swallow kills every open watch silently.
func (a *api) swallow() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.streams {
		s.swallow = true
	}
}

// hangUp ends every open watch, with a last event or with none.
func (a *api) hangUp(last ...watch.Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.streams {
		if s.closed {
			continue
		}
		for _, e := range last {
			s.events <- e
		}
		s.closed = true
		close(s.events)
	}
	a.streams = nil
}

func (a *api) list(_ context.Context, _ metav1.ListOptions) (runtime.Object, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.fails["list"]; err != nil {
		return nil, err
	}
	out := &corev1.SecretList{ListMeta: metav1.ListMeta{ResourceVersion: strconv.Itoa(a.version)}}
	if a.secret != nil {
		out.Items = append(out.Items, *a.secret.DeepCopy())
	}
	return out, nil
}

func (a *api) watch(_ context.Context, o metav1.ListOptions) (watch.Interface, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.fails["watch"]; err != nil {
		return nil, err
	}
	if from, err := strconv.Atoi(o.ResourceVersion); err == nil && from < a.oldest {
		return nil, apierrors.NewResourceExpired("too old resource version")
	}
	s := &stream{events: make(chan watch.Event, 1000), swallow: a.mute}
	a.streams = append(slices.Clone(a.streams), s)
	return s, nil
}

func (a *api) get(context.Context) ([]*corev1.Secret, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.fails["get"]; err != nil {
		return nil, err
	}
	if a.secret == nil {
		return nil, nil
	}
	return []*corev1.Secret{a.secret.DeepCopy()}, nil
}

// Errors as client-go gives them.
func forbidden(verb string) error {
	return apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "s", errorText("cannot "+verb+" resource"))
}

type errorText string

func (e errorText) Error() string { return string(e) }
