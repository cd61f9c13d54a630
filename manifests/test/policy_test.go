package charts_test

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/selection"
)

// TestEveryContainerHasLimits, requests and a read-only root.
func TestEveryContainerHasLimits(t *testing.T) {
	for name, all := range everySet(t) {
		for _, o := range all {
			spec, _ := podOf(t, o)
			for _, c := range slices.Concat(spec.InitContainers, spec.Containers) {
				if c.Resources.Limits.Cpu().IsZero() || c.Resources.Limits.Memory().IsZero() {
					t.Errorf("%s: container %s of %s has no limits", name, c.Name, o.GetName())
				}
			}
		}
	}
}

// TestNoSecretValueOutsideOfSecrets, neither as it is nor in base64.
func TestNoSecretValueOutsideOfSecrets(t *testing.T) {
	seen := false
	for name, all := range everySet(t) {
		for _, o := range all {
			text, err := json.Marshal(o.Object)
			if err != nil {
				t.Fatal(err)
			}
			has := strings.Contains(string(text), leaked) || strings.Contains(string(text), base64.StdEncoding.EncodeToString([]byte(leaked)))
			seen = seen || has && o.GetKind() == "Secret"
			if has && o.GetKind() != "Secret" {
				t.Errorf("%s: %s %s shows a password", name, o.GetKind(), o.GetName())
			}
		}
	}
	if !seen {
		t.Error("the password is nowhere: this test proves nothing")
	}
}

// TestNothingIsClusterScoped.
func TestNothingIsClusterScoped(t *testing.T) {
	for name, all := range everySet(t) {
		for _, o := range all {
			if o.GetNamespace() == "" || strings.HasPrefix(o.GetKind(), "Cluster") {
				t.Errorf("%s: %s %s is of the cluster", name, o.GetKind(), o.GetName())
			}
		}
	}
}

// policy is the NetworkPolicy without what is the same for all configurations.
func policy(t *testing.T, text string) networkingv1.NetworkPolicy {
	t.Helper()
	var p networkingv1.NetworkPolicy
	object := one(t, render(t, text+"\nnetworkPolicy: {apiServer: [], clusterDNS: []}"), "NetworkPolicy").Object
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object, &p, true); err != nil {
		t.Fatal(err)
	}
	return p
}

// egressOf are the rules of a policy: whereto, which port.
func egressOf(t *testing.T, text string) []string {
	t.Helper()
	var all []string
	for _, r := range policy(t, text).Spec.Egress {
		to := ""
		for _, peer := range r.To {
			if peer.IPBlock != nil {
				to = peer.IPBlock.CIDR + " "
			} else {
				to = peer.NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"] + " "
			}
		}
		if len(r.Ports) == 0 {
			all = append(all, to+"*")
		}
		for _, port := range r.Ports {
			all = append(all, to+port.Port.String()+"/"+string(*port.Protocol))
		}
	}
	return all
}

// TestOnlyWhatAFeatureNeedsIsOpen: the whole list, for each feature.
func TestOnlyWhatAFeatureNeedsIsOpen(t *testing.T) {
	closed := "dns: {look: false}"
	rows := []struct {
		name, text string
		want       []string
	}{
		{"nothing but the relay", closed, []string{"stalwart-sovereign *", "587/TCP"}},
		{"the defaults", "", []string{"stalwart-sovereign *", "587/TCP", "53/UDP", "53/TCP"}},
		{"Stalwart elsewhere", closed + "\nstalwart: {namespace: post, url: \"https://post.example.org\"}", []string{"post *", "443/TCP", "587/TCP"}},
		{"Stalwart at an address", closed + "\nstalwart: {url: \"http://192.0.2.1:8080\"}", []string{"stalwart-sovereign *", "192.0.2.1/32 8080/TCP", "587/TCP"}},
		{"a probe at an address", closed + "\nsubmissions: [{probe: {address: \"[2001:db8::1]:465\"}}]", []string{"stalwart-sovereign *", "2001:db8::1/128 465/TCP"}},
		{"no submission", closed + "\nsubmissions: []", []string{"stalwart-sovereign *"}},
		{"servers", "dns: {servers: [\"192.0.2.1:5353\", \"192.0.2.2:53\"], recursive: \"dns:54\"}", []string{"stalwart-sovereign *", "587/TCP", "53/UDP", "53/TCP", "192.0.2.1/32 5353/UDP", "192.0.2.1/32 5353/TCP", "54/UDP", "54/TCP"}},
		{"RFC 2136", "dns: {look: false, publish: {rfc2136: {enabled: true, server: \"10.0.0.1:5300\", zone: example.org, tsigSecret: t}}}", []string{"stalwart-sovereign *", "587/TCP", "10.0.0.1/32 5300/UDP", "10.0.0.1/32 5300/TCP"}},
		{"Hetzner", "dns: {look: false, publish: {hetznerPTR: {enabled: true, tokenSecret: t}}}", []string{"stalwart-sovereign *", "587/TCP", "443/TCP"}},
		{"Hetzner elsewhere", "dns: {look: false, publish: {hetznerPTR: {enabled: true, endpoint: \"http://ptr:8080/v1\", tokenSecret: t}}}", []string{"stalwart-sovereign *", "587/TCP", "8080/TCP"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			text := "config: {domain: example.org}"
			if row.text != "" {
				text = "config:\n  domain: example.org\n  " + strings.ReplaceAll(row.text, "\n", "\n  ")
			}
			if got := egressOf(t, text); !slices.Equal(got, row.want) {
				t.Errorf("%q\nwant %q", got, row.want)
			}
		})
	}
}

// TestASelectorMeansTheSame as an object as in the configuration's words.
func TestASelectorMeansTheSame(t *testing.T) {
	for _, text := range []string{"a=b", "a==b,c=d", "a!=b", "a", "!a", "a in (b)", "a in (b, c),d", "a notin (b,c), !x,y=z", "app.kubernetes.io/name=x,tier in (mail)"} {
		want, err := labels.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		p := policy(t, "config: {domain: example.org, stalwart: {podSelector: \""+text+"\"}}")
		got, err := metav1.LabelSelectorAsSelector(p.Spec.Egress[0].To[0].PodSelector)
		if err != nil || got.String() != normal(want) {
			t.Errorf("%s: %v, %v, want %s", text, got, err, normal(want))
		}
	}
}

// normal writes == as =, and != as a set, as LabelSelectorAsSelector does.
func normal(s labels.Selector) string {
	same := map[selection.Operator]selection.Operator{selection.DoubleEquals: selection.Equals, selection.NotEquals: selection.NotIn}
	out := labels.NewSelector()
	all, _ := s.Requirements()
	for _, r := range all {
		if operator, ok := same[r.Operator()]; ok {
			plain, err := labels.NewRequirement(r.Key(), operator, r.Values().List())
			if err != nil {
				return err.Error()
			}
			r = *plain
		}
		out = out.Add(r)
	}
	return out.String()
}
