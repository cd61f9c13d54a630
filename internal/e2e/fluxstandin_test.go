package e2e

import (
	"context"
	"crypto/x509"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/openova-io/smtp-mirror/internal/rig"
	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/rollout"
	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/workload"
)

// The Secret that Flux renders from the mirror, with keys of its own.
const (
	renderedSecret = "console-smtp"
	renderedUser   = "LOGIN"
	renderedPass   = "SECRET"
	renderDelay    = 700 * time.Millisecond
)

// fluxStandIn handles requests to reconcile, renders a Secret late, and is the Pods
// that read it: each keeps what it was started with, and logs in with it.
type fluxStandIn struct {
	*site
	client dynamic.Interface
	roots  *x509.CertPool
	asked  map[string]string            // kind -> the request that was seen last
	due    map[string]time.Time         // kind -> when it is handled
	pods   map[string]smtpprobe.Request // by name

	mu      sync.Mutex
	story   []string // what happened, in order
	logins  int
	refused int
}

// crd is a minimal definition of one of Flux's kinds.
func crd(kind string) *unstructured.Unstructured {
	r := workload.ResourceOf(kind)
	return &unstructured.Unstructured{Object: map[string]any{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": map[string]any{"name": r.Resource + "." + r.Group},
		"spec": map[string]any{"group": r.Group, "scope": "Namespaced",
			"names": map[string]any{"kind": kind, "plural": r.Resource, "singular": strings.ToLower(kind)},
			"versions": []any{map[string]any{"name": r.Version, "served": true, "storage": true, "subresources": map[string]any{"status": map[string]any{}},
				"schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}}}}}
}

// fluxKinds are the objects of the stand-in, by kind.
func fluxKinds() map[string]string {
	return map[string]string{workload.HelmRelease: "platform", workload.Kustomization: "apps"}
}

// installFlux installs the kinds and one object of each, and handles them.
func (s *site) installFlux() *fluxStandIn {
	s.t.Helper()
	client, err := dynamic.NewForConfig(s.AdminConfig)
	must(s.t, err)
	text, err := os.ReadFile(s.Rig.Mail.CAFile())
	must(s.t, err)
	f := &fluxStandIn{site: s, client: client, roots: x509.NewCertPool(), asked: map[string]string{}, due: map[string]time.Time{}, pods: map[string]smtpprobe.Request{}}
	f.roots.AppendCertsFromPEM(text)
	definitions := client.Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"})
	for kind, name := range fluxKinds() {
		_, err := definitions.Create(s.t.Context(), crd(kind), metav1.CreateOptions{})
		must(s.t, err)
		object := &unstructured.Unstructured{Object: map[string]any{"apiVersion": workload.ResourceOf(kind).GroupVersion().String(), "kind": kind, "metadata": map[string]any{"name": name}}}
		s.until(kind+" is served", patience, func(ctx context.Context) bool {
			_, err := f.of(kind).Create(ctx, object, metav1.CreateOptions{})
			return err == nil || apierrors.IsAlreadyExists(err)
		})
	}
	ctx, stop := context.WithCancel(context.Background())
	var done sync.WaitGroup
	s.t.Cleanup(func() { stop(); done.Wait() })
	done.Go(func() {
		for ctx.Err() == nil {
			f.turn(ctx)
			pause(ctx, 40*time.Millisecond)
		}
	})
	return f
}

func (f *fluxStandIn) of(kind string) dynamic.ResourceInterface {
	return f.client.Resource(workload.ResourceOf(kind)).Namespace(f.Consumer)
}

func (f *fluxStandIn) tell(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.story = append(f.story, fmt.Sprintf(format, args...))
}

// turn looks at everything once. What an outage hides is seen the next time.
func (f *fluxStandIn) turn(ctx context.Context) {
	for kind, name := range fluxKinds() {
		if u, err := f.of(kind).Get(ctx, name, metav1.GetOptions{}); err == nil {
			f.handle(ctx, kind, u)
		}
	}
	if d, err := f.Admin.AppsV1().Deployments(f.Consumer).Get(ctx, consumerName, metav1.GetOptions{}); err == nil {
		f.saw(consumerName, "rolled", d.Spec.Template.Annotations[rollout.AnnotationOf("console")])
	}
	f.consume(ctx)
}

// saw tells what has changed.
func (f *fluxStandIn) saw(who, what, value string) (news bool) {
	if value == "" || f.asked[who] == value {
		return false
	}
	f.asked[who] = value
	_, number, found := strings.Cut(value, "=")
	if !found {
		number = value
	}
	f.tell("%s %s %s", what, who, number)
	return true
}

// handle does what was asked for, late.
func (f *fluxStandIn) handle(ctx context.Context, kind string, u *unstructured.Unstructured) {
	requested := u.GetAnnotations()[workload.RequestedAt]
	if f.saw(kind, "asked", requested) {
		f.due[kind] = time.Now().Add(renderDelay)
	}
	if f.due[kind].IsZero() || time.Now().Before(f.due[kind]) {
		return
	}
	if kind == workload.HelmRelease && !f.render(ctx) {
		return
	}
	u.Object["status"] = map[string]any{"observedGeneration": u.GetGeneration(), "lastHandledReconcileAt": requested,
		"conditions": []any{map[string]any{"type": "Ready", "status": "True", "reason": "UpgradeSucceeded"}}}
	if _, err := f.of(kind).UpdateStatus(ctx, u, metav1.UpdateOptions{}); err == nil {
		f.due[kind] = time.Time{}
	}
}

// render makes the Secret from the mirror.
func (f *fluxStandIn) render(ctx context.Context) bool {
	mirror := f.MirrorData(ctx)
	if mirror == nil {
		return false
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: renderedSecret}, Data: map[string][]byte{renderedUser: mirror.Data["smtp-user"], renderedPass: mirror.Data["smtp-pass"]}}
	secrets := f.Admin.CoreV1().Secrets(f.Consumer)
	_, err := secrets.Update(ctx, secret, metav1.UpdateOptions{})
	if apierrors.IsNotFound(err) {
		_, err = secrets.Create(ctx, secret, metav1.CreateOptions{})
	}
	if err == nil {
		f.tell("rendered")
	}
	return err == nil
}

// consume logs in as every Pod, with what it was started with.
func (f *fluxStandIn) consume(ctx context.Context) {
	pods, err := f.Admin.CoreV1().Pods(f.Consumer).List(ctx, metav1.ListOptions{LabelSelector: "app=" + consumerName})
	rendered, missing := f.Admin.CoreV1().Secrets(f.Consumer).Get(ctx, renderedSecret, metav1.GetOptions{})
	if err != nil || missing != nil {
		return
	}
	for _, p := range pods.Items {
		if p.Status.Phase != corev1.PodRunning || p.DeletionTimestamp != nil {
			continue
		}
		if _, known := f.pods[p.Name]; !known {
			f.pods[p.Name] = smtpprobe.Request{Address: f.Rig.Mail.SubmissionAddr(), ServerName: rig.MailHost, Roots: f.roots, User: string(rendered.Data[renderedUser]),
				Password: redact.New(string(rendered.Data[renderedPass])), Senders: []string{"noreply@" + rig.Domain}}
		}
		got := smtpprobe.Probe(ctx, f.pods[p.Name])
		f.mu.Lock()
		if f.logins++; ctx.Err() == nil && got.Verdict != smtpprobe.Accepted && got.Verdict != smtpprobe.Unreachable {
			f.refused++
			f.story = append(f.story, p.Name+": "+string(got.Verdict))
		}
		f.mu.Unlock()
	}
}
