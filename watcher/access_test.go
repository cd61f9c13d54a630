package watcher_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"

	"github.com/openova-io/smtp-mirror/watcher"
)

// asked serves an empty cluster and keeps what it was asked for.
type asked struct {
	mu       sync.Mutex
	requests []string
}

func (a *asked) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	q := r.URL.Query()
	a.requests = append(a.requests, r.URL.Path+" "+q.Get("fieldSelector")+q.Get("labelSelector")+" "+q.Get("watch"))
	w.Header().Set("Content-Type", "application/json")
	if q.Get("watch") != "" {
		return
	}
	if q.Get("fieldSelector") == "" && q.Get("labelSelector") == "" { // a get by name
		w.WriteHeader(http.StatusNotFound)
		_ = json.NewEncoder(w).Encode(metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: "Failure", Reason: metav1.StatusReasonNotFound, Code: http.StatusNotFound})
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"kind": "List", "apiVersion": "v1", "metadata": map[string]any{}, "items": []any{}})
}

func connect(t *testing.T) (*asked, *corev1client.CoreV1Client) {
	t.Helper()
	a := &asked{}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	c, err := corev1client.NewForConfig(&rest.Config{Host: server.URL, ContentConfig: rest.ContentConfig{ContentType: "application/json"}})
	must(t, err)
	return a, c
}

// exercise asks an access for everything once.
func exercise[T watcher.Object](t *testing.T, a watcher.Access[T]) (live []T) {
	t.Helper()
	_, err := a.List(t.Context(), metav1.ListOptions{})
	must(t, err)
	w, err := a.Watch(t.Context(), metav1.ListOptions{})
	must(t, err)
	w.Stop()
	live, err = a.Live(t.Context())
	must(t, err)
	return live
}

// TestEveryRequestIsSelective: what is not selected is neither asked for nor
// granted, so memory and rights do not depend on the size of the cluster. An
// object that does not exist is no error.
func TestEveryRequestIsSelective(t *testing.T) {
	rows := []struct {
		name     string
		exercise func(c *corev1client.CoreV1Client) int
		want     []string
	}{
		{"secret", func(c *corev1client.CoreV1Client) int { return len(exercise(t, watcher.Secret(c, "ns", "s"))) },
			[]string{"/api/v1/namespaces/ns/secrets metadata.name=s ", "/api/v1/namespaces/ns/secrets metadata.name=s true", "/api/v1/namespaces/ns/secrets/s  "}},
		{"configmap", func(c *corev1client.CoreV1Client) int { return len(exercise(t, watcher.ConfigMap(c, "ns", "c"))) },
			[]string{"/api/v1/namespaces/ns/configmaps metadata.name=c ", "/api/v1/namespaces/ns/configmaps metadata.name=c true", "/api/v1/namespaces/ns/configmaps/c  "}},
		{"pods", func(c *corev1client.CoreV1Client) int { return len(exercise(t, watcher.Pods(c, "ns", "a=b"))) },
			[]string{"/api/v1/namespaces/ns/pods a=b ", "/api/v1/namespaces/ns/pods a=b true", "/api/v1/namespaces/ns/pods a=b "}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			a, c := connect(t)
			if n := row.exercise(c); n != 0 {
				t.Errorf("%d objects in an empty cluster", n)
			}
			for i, want := range row.want {
				if i >= len(a.requests) || a.requests[i] != want {
					t.Errorf("%q, want %q", a.requests, want)
				}
			}
		})
	}
}

// TestTheCacheHoldsNoBookkeeping: managed fields are as large as the object.
func TestTheCacheHoldsNoBookkeeping(t *testing.T) {
	_, c := connect(t)
	got, err := watcher.Secret(c, "ns", "s").Trim(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "s", ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "m"}}}})
	must(t, err)
	if s := got.(*corev1.Secret); s.ManagedFields != nil || s.Name != "s" {
		t.Errorf("%+v", s.ObjectMeta)
	}
}
