package e2e

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"

	"github.com/openova-io/smtp-mirror/internal/rig"
	"github.com/openova-io/smtp-mirror/publish"
	"github.com/openova-io/smtp-mirror/zone"
)

// externalDNS publishes the DNSEndpoints of a namespace, and loses what changes a TXT
// in place, as several of its releases do.
type externalDNS struct {
	*published
	objects dynamic.ResourceInterface

	mu        sync.Mutex
	there     map[set][]string
	forgotten int
}

// set is a name and a type.
type set struct{ kind, name string }

// installExternalDNS installs the kind, and publishes it from then on.
func (p *published) installExternalDNS() *externalDNS {
	p.t.Helper()
	client, err := dynamic.NewForConfig(p.AdminConfig)
	must(p.t, err)
	text, err := os.ReadFile("../../publish/testdata/dnsendpoint.yaml")
	must(p.t, err)
	definition := &unstructured.Unstructured{}
	must(p.t, yaml.Unmarshal(text, &definition.Object))
	definitions := client.Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"})
	_, err = definitions.Create(p.t.Context(), definition, metav1.CreateOptions{})
	must(p.t, err)
	p.t.Cleanup(func() {
		must(p.t, definitions.Delete(context.Background(), definition.GetName(), metav1.DeleteOptions{}))
	})
	x := &externalDNS{published: p, objects: client.Resource(publish.DNSEndpointResource).Namespace(p.Home), there: map[set][]string{}}
	ctx, stop := context.WithCancel(context.Background())
	var done sync.WaitGroup
	p.t.Cleanup(func() { stop(); done.Wait() })
	done.Go(func() {
		for ctx.Err() == nil {
			x.turn(ctx)
			pause(ctx, 200*time.Millisecond)
		}
	})
	return x
}

// turn makes the zone what the objects say, as far as this external-dns does.
func (x *externalDNS) turn(ctx context.Context) {
	list, err := x.objects.List(ctx, metav1.ListOptions{})
	if err != nil {
		return
	}
	wanted := map[set][]string{}
	for _, o := range list.Items {
		endpoints, _, _ := unstructured.NestedSlice(o.Object, "spec", "endpoints")
		for _, e := range endpoints {
			fields := e.(map[string]any)
			targets, _, _ := unstructured.NestedStringSlice(fields, "targets")
			wanted[set{fields["recordType"].(string), fields["dnsName"].(string)}] = targets
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	changed := false
	for s, targets := range wanted {
		old, known := x.there[s]
		switch {
		case known && slices.Equal(old, targets):
		case known && s.kind == "TXT":
			x.forgotten++
		default:
			x.there[s], changed = targets, true
		}
	}
	for s := range x.there {
		if _, there := wanted[s]; !there {
			delete(x.there, s)
			changed = true
		}
	}
	if changed {
		x.serve()
	}
}

// serve puts the zone on both servers.
func (x *externalDNS) serve() {
	lines := []string{"@ 300 IN SOA ns1 hostmaster 1 3600 600 86400 1"}
	for s, targets := range x.there {
		for _, t := range targets {
			value := strings.TrimSuffix(t, ".")
			if plain, err := zone.Unquote(t); err == nil && s.kind == "TXT" {
				value = plain
			}
			if line, err := (zone.Record{Name: s.name, Type: s.kind, TTL: time.Minute, Value: value}).Bind(); err == nil {
				lines = append(lines, line)
			}
		}
	}
	for _, s := range x.servers {
		if err := s.SetZone(rig.Domain, lines...); err != nil {
			x.t.Error(err)
		}
	}
}

// remove deletes the object of a set.
func (x *externalDNS) remove(kind, name string) {
	x.t.Helper()
	list, err := x.objects.List(x.t.Context(), metav1.ListOptions{})
	must(x.t, err)
	for _, o := range list.Items {
		if strings.HasPrefix(o.GetName(), "smtp-mirror-"+strings.ToLower(kind)+"-"+strings.ReplaceAll(name, ".", "-")+"-") {
			must(x.t, x.objects.Delete(x.t.Context(), o.GetName(), metav1.DeleteOptions{}))
			return
		}
	}
	x.t.Errorf("there is no %s of %s", kind, name)
}

// lost is how often a change was not carried out.
func (x *externalDNS) lost() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.forgotten
}
