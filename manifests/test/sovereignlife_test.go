package charts_test

import (
	"slices"
	"strings"
	"testing"

	charts "github.com/openova-io/smtp-mirror/manifests/test"
	"github.com/openova-io/smtp-mirror/seed"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

const name = "sovereignFQDN: omantel.omani.works\n"

// stalwartPod is the Pod of the StatefulSet.
func stalwartPod(t *testing.T, text string) corev1.PodSpec {
	t.Helper()
	spec, ok := podOf(t, find(t, sovereign(t, name+text), "StatefulSet", "stalwart-sovereign"))
	if !ok {
		t.Fatal("the StatefulSet has no Pod")
	}
	return spec
}

// TestProbesAskOverLoopback: a kubelet that asks by itself comes from an address that
// Stalwart may have banned. They follow the listeners, and a handler of one's own replaces
// the chart's.
func TestProbesAskOverLoopback(t *testing.T) {
	asked := func(p *corev1.Probe) string { return p.Exec.Command[2] }
	c := stalwartPod(t, "").Containers[0]
	if asked(c.ReadinessProbe) != "127.0.0.1:587" || asked(c.StartupProbe) != "127.0.0.1:587" || asked(c.LivenessProbe) != "http://127.0.0.1:8080/healthz/live" {
		t.Errorf("%+v", c)
	}
	c = stalwartPod(t, "stalwart: {listeners: [{name: submission, protocol: smtp, port: 1587}, {name: http, protocol: http, port: 8081}]}").Containers[0]
	if asked(c.ReadinessProbe) != "127.0.0.1:1587" || asked(c.LivenessProbe) != "http://127.0.0.1:8081/healthz/live" {
		t.Errorf("%+v", c)
	}
	own := stalwartPod(t, "stalwart: {probes: {readiness: {tcpSocket: {port: 25}}, liveness: null}}").Containers[0]
	if own.ReadinessProbe.TCPSocket == nil || own.ReadinessProbe.Exec != nil || own.ReadinessProbe.PeriodSeconds != 5 || own.LivenessProbe != nil {
		t.Errorf("%+v", own)
	}
}

// TestTheDefaultImageRunsWhereItCan: its digest is one of amd64.
func TestTheDefaultImageRunsWhereItCan(t *testing.T) {
	if got := stalwartPod(t, "stalwart: {nodeSelector: {a: b}}").NodeSelector; got["kubernetes.io/arch"] != "amd64" || got["a"] != "b" {
		t.Error(got)
	}
	if got := stalwartPod(t, `stalwart: {image: {tag: v0.16.18, digest: ""}}`); got.NodeSelector != nil || !strings.HasSuffix(got.Containers[0].Image, ":v0.16.18") {
		t.Errorf("%v, %s", got.NodeSelector, got.Containers[0].Image)
	}
}

// TestEveryPodCanBePulled: Stalwart's Pod has our program's image too.
func TestEveryPodCanBePulled(t *testing.T) {
	const text = name + "global: {imagePullSecrets: [all]}\nsmtp-mirror: {image: {pullSecrets: [ours]}}\nstalwart: {image: {pullSecrets: [theirs]}}"
	r := sovereign(t, text)
	for _, one := range []struct {
		kind, name string
		want       []string
	}{
		{"StatefulSet", "stalwart-sovereign", []string{"all", "theirs", "ours"}},
		{"Deployment", "stalwart-sovereign-smtp-mirror", []string{"all", "ours"}},
		{"Pod", "stalwart-sovereign-login", []string{"all", "ours"}},
	} {
		spec, _ := podOf(t, find(t, r, one.kind, one.name))
		var got []string
		for _, s := range spec.ImagePullSecrets {
			got = append(got, s.Name)
		}
		if !slices.Equal(got, one.want) {
			t.Errorf("%s: %q", one.kind, got)
		}
	}
}

// TestOneSwitchForAllPolicies, and one label on all objects.
func TestOneSwitchForAllPolicies(t *testing.T) {
	for _, o := range objects(t, sovereign(t, overlay+"\nnetworkPolicy: {enabled: false}")) {
		if o.GetKind() == "NetworkPolicy" {
			t.Error(o.GetName())
		}
		if o.GetLabels()["catalyst.openova.io/blueprint"] != "bp-stalwart-sovereign" {
			t.Errorf("%s %s has not the label of the blueprint", o.GetKind(), o.GetName())
		}
	}
}

// TestTheWebhookGetsThrough Stalwart's own policy.
func TestTheWebhookGetsThrough(t *testing.T) {
	with := jsonOf(t, find(t, sovereign(t, name+"smtp-mirror: {config: {webhook: {enabled: true}, http: {address: ':9191'}}}"), "NetworkPolicy", "stalwart-sovereign").Object["spec"].(map[string]any)["egress"])
	without := jsonOf(t, find(t, sovereign(t, name), "NetworkPolicy", "stalwart-sovereign").Object["spec"].(map[string]any)["egress"])
	if !strings.Contains(with, `"port":9191`) || strings.Contains(without, "9") {
		t.Errorf("with %s\nwithout %s", with, without)
	}
}

// TestWhatCannotBeChangedInPlace: the policy that is there stays, and another size is said.
func TestWhatCannotBeChangedInPlace(t *testing.T) {
	there := func(policy appsv1.PodManagementPolicyType, size string) runtime.Object {
		claim := corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "data"}}
		claim.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(size)}
		return &appsv1.StatefulSet{TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "StatefulSet"}, ObjectMeta: metav1.ObjectMeta{Namespace: "stalwart-sovereign", Name: "stalwart-sovereign"},
			Spec: appsv1.StatefulSetSpec{PodManagementPolicy: policy, VolumeClaimTemplates: []corev1.PersistentVolumeClaim{claim}}}
	}
	policy := func(objects ...runtime.Object) string {
		got, _, _ := unstructured.NestedString(find(t, sovereign(t, name, objects...), "StatefulSet", "stalwart-sovereign").Object, "spec", "podManagementPolicy")
		return got
	}
	if fresh, old := policy(), policy(there("OrderedReady", "10Gi")); fresh != "Parallel" || old != "OrderedReady" {
		t.Errorf("fresh %s, old %s", fresh, old)
	}
	if blind := find(t, sovereign(t, name+"stalwart: {podManagementPolicy: OrderedReady}"), "StatefulSet", "stalwart-sovereign"); jsonOf(t, blind.Object["spec"].(map[string]any)["podManagementPolicy"]) != `"OrderedReady"` {
		t.Error("it cannot be named")
	}
	for wanted, same := range map[string]bool{"20Gi": false, "10Gi": true, "10240Mi": true, "10.0Gi": true, "10737418240": true, "10G": false} {
		_, err := charts.Render(sovereignChart, charts.Release{Name: "stalwart-sovereign", Namespace: "stalwart-sovereign",
			Values: values(t, name+"persistence: {spool: {size: '"+wanted+"'}}"), Cluster: existing(there("Parallel", "10Gi"))})
		if same != (err == nil) || err != nil && !strings.Contains(err.Error(), "persistence.spool.size") {
			t.Errorf("%s where there are 10Gi: %v", wanted, err)
		}
	}
}

// TestTheSeedIsOne that the program takes, with the ports of the container.
func TestTheSeedIsOne(t *testing.T) {
	r := sovereign(t, overlay)
	w, err := seed.Parse([]byte(find(t, r, "ConfigMap", "stalwart-sovereign-config").Object["data"].(map[string]any)["seed.yaml"].(string)))
	if err != nil {
		t.Fatal(err)
	}
	spec, _ := podOf(t, find(t, r, "StatefulSet", "stalwart-sovereign"))
	if len(w.Listeners) != 6 || len(spec.Containers[0].Ports) != 6 || w.WebUI || w.Pyzor {
		t.Errorf("%+v, %+v", w, spec.Containers[0].Ports)
	}
}
