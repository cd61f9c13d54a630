// Package rbac computes the rights that a configuration needs: every one of
// them, and no more.
//
// Secrets, ConfigMaps, the Lease and the workload are granted by resourceNames in
// every verb. That works because list and watch carry a field selector for the
// name, which the API server authorises as that name, and because a create by
// server-side apply is authorised with the name too (verified on Kubernetes 1.37).
// Three things cannot be bounded by a name: creating Events, creating a Lease
// before it exists, and watching the Pods that a label selects. Nothing is
// cluster-scoped.
package rbac

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/workload"
)

// Name is the name of every Role and RoleBinding.
const Name = "smtp-mirror"

// needs are the names and rights of one namespace.
type needs struct {
	readSecrets, applySecrets, configMaps []string
	rules                                 []rbacv1.PolicyRule
	events                                bool // an object that Events are about is there
}

// Rules lists the rights that a configuration needs, by namespace.
func Rules(c *config.Config) map[string][]rbacv1.PolicyRule {
	all := map[string]*needs{}
	in := func(namespace string) *needs {
		if all[namespace] == nil {
			all[namespace] = &needs{}
		}
		return all[namespace]
	}
	told := func(namespace string) *needs {
		in(namespace).events = true
		return in(namespace)
	}
	home := told(c.Stalwart.Namespace)
	home.readSecrets = append(home.readSecrets, c.Stalwart.AdminSecret)
	if c.Stalwart.APIKeySecret != "" {
		home.applySecrets = append(home.applySecrets, c.Stalwart.APIKeySecret)
	}
	if c.Webhook.Enabled {
		home.readSecrets = append(home.readSecrets, c.Webhook.Secret)
	}
	home.rules = append(home.rules, rule("", "pods", nil, "list", "watch"))
	home.rules = append(home.rules, restart(c.Stalwart.Restart)...)
	for _, s := range c.Submissions {
		home.readSecrets = append(home.readSecrets, s.Secret)
		if s.Rotation.WriteSource {
			home.rules = append(home.rules, rule("", "secrets", []string{s.Secret}, "patch"))
		}
		if s.Rotates() {
			home.rules = append(home.rules, rule("", "secrets", []string{s.StateSecret}, "get", "create", "patch"))
		}
		for _, x := range s.Consumers() {
			n := told(x.Namespace)
			n.rules = append(n.rules, rule(workload.ResourceOf(x.Kind).Group, workload.Resource(x.Kind), []string{x.Name}, "get", "patch"))
			if !workload.IsFlux(x.Kind) {
				n.rules = append(n.rules, rule("", "pods", nil, "list"))
			}
			if x.Via.Name != "" {
				in(x.Via.Namespace).readSecrets = append(in(x.Via.Namespace).readSecrets, x.Via.Name)
			}
		}
		for _, m := range s.Mirrors {
			n := told(m.Namespace)
			n.applySecrets = append(n.applySecrets, m.Name)
			if m.Fallback.Enabled {
				n.rules = append(n.rules, rule("", "secrets", []string{m.Fallback.Secret}, "get", "create", "patch"))
			}
		}
	}
	told(c.DNSRecords.Namespace).configMaps = []string{c.DNSRecords.Name}
	outside(c, in)
	out := map[string][]rbacv1.PolicyRule{}
	for namespace, n := range all {
		out[namespace] = n.list()
	}
	if e := c.LeaderElection; e.Enabled {
		out[e.Namespace] = append(out[e.Namespace], rule("coordination.k8s.io", "leases", nil, "create"),
			rule("coordination.k8s.io", "leases", []string{e.Name}, "get", "update"))
	}
	return out
}

// outside are the rights for the public side.
func outside(c *config.Config, in func(string) *needs) {
	home, dns := in(c.Stalwart.Namespace), in(c.DNS.Service.Namespace)
	dns.rules = append(dns.rules, rule("", "services", []string{c.DNS.Service.Name}, "get", "list", "watch"))
	if c.OwnsKeys() {
		home.rules = append(home.rules, rule("", "secrets", []string{c.DKIM.Backup.Secret}, "get", "create", "patch"))
	}
	if c.TLS.Secret != "" {
		home.readSecrets = append(home.readSecrets, c.TLS.Secret)
	}
	if c.DNS.Publish.RFC2136.Enabled {
		home.readSecrets = append(home.readSecrets, c.DNS.Publish.RFC2136.TSIGSecret)
	}
	if c.DNS.Publish.HetznerPTR.Enabled {
		home.readSecrets = append(home.readSecrets, c.DNS.Publish.HetznerPTR.TokenSecret)
	}
	if e := c.DNS.Publish.ExternalDNS; e.Enabled { // selectors change, so no names can bound them
		n := in(e.Namespace)
		n.rules = append(n.rules, rule("externaldns.k8s.io", "dnsendpoints", nil, "list", "create", "patch", "delete"))
	}
}

func restart(r config.Restart) []rbacv1.PolicyRule {
	if !r.Enabled {
		return nil
	}
	return []rbacv1.PolicyRule{rule("apps", workload.Resource(r.Kind), []string{r.Name}, "get", "patch")}
}

func (n *needs) list() []rbacv1.PolicyRule {
	var rules []rbacv1.PolicyRule
	if len(n.readSecrets) > 0 {
		rules = append(rules, rule("", "secrets", n.readSecrets, "get", "list", "watch"))
	}
	if len(n.applySecrets) > 0 {
		rules = append(rules, rule("", "secrets", n.applySecrets, "get", "list", "watch", "create", "patch"))
	}
	if len(n.configMaps) > 0 {
		rules = append(rules, rule("", "configmaps", n.configMaps, "get", "list", "watch", "update", "patch"))
	}
	rules = append(rules, n.rules...)
	if n.events {
		rules = append(rules, rule("events.k8s.io", "events", nil, "create", "patch"))
	}
	return rules
}

func rule(group, resource string, names []string, verbs ...string) rbacv1.PolicyRule {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: []string{resource}, ResourceNames: names, Verbs: verbs}
}

// Objects are the Roles and RoleBindings, sorted by namespace.
func Objects(c *config.Config, accountNamespace, accountName string) []any {
	var objects []any
	rules := Rules(c)
	for _, namespace := range slices.Sorted(maps.Keys(rules)) {
		meta := metav1.ObjectMeta{Name: Name, Namespace: namespace, Labels: map[string]string{"app.kubernetes.io/name": "smtp-mirror"}}
		objects = append(objects,
			&rbacv1.Role{TypeMeta: metav1.TypeMeta{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "Role"}, ObjectMeta: meta, Rules: rules[namespace]},
			&rbacv1.RoleBinding{TypeMeta: metav1.TypeMeta{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "RoleBinding"}, ObjectMeta: meta,
				RoleRef:  rbacv1.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "Role", Name: Name},
				Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: accountNamespace, Name: accountName}}})
	}
	return objects
}

// YAML prints the objects as one stream of documents.
func YAML(c *config.Config, accountNamespace, accountName string) ([]byte, error) {
	var out bytes.Buffer
	for i, object := range Objects(c, accountNamespace, accountName) {
		text, err := yaml.Marshal(object)
		if err != nil {
			return nil, fmt.Errorf("printing the roles: %w", err)
		}
		if i > 0 {
			out.WriteString("---\n")
		}
		out.Write(text)
	}
	return out.Bytes(), nil
}
