//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// auditPolicy writes down what controllers ask for, and what became of it.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  userGroups: ["system:serviceaccounts"]
  resources: [{group: ""}, {group: apps}, {group: coordination.k8s.io}, {group: events.k8s.io}, {group: helm.toolkit.fluxcd.io}]
- level: None
`

func (g *stage) auditLog() string { return filepath.Join(g.dir, "audit.log") }

// right is one verb on one object; an empty name is a right without a name.
type right struct{ namespace, verb, group, resource, name string }

// audited is a line of the audit log, as far as it matters here.
type audited struct {
	Verb      string
	User      struct{ Username string }
	ObjectRef struct{ Resource, Namespace, Name, APIGroup, Subresource string }

	ResponseStatus struct{ Code int }
}

// kind is a right without the object that it is bounded to.
func (r right) kind() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s/%s", r.verb, r.group, r.resource))
}

// object is what a right is bounded to, "" where it is not.
func (r right) object() string {
	if r.name == "" {
		return ""
	}
	return fmt.Sprintf("%s/%s %s in %s", r.group, r.resource, r.name, r.namespace)
}

// ledger is what was granted and what was used, in all acts.
type ledger struct{ granted, used map[string]bool }

// idle is an error when something was granted that nobody has used in any act.
func (l ledger) idle() error {
	for kind := range l.used {
		delete(l.granted, kind)
	}
	if len(l.granted) > 0 {
		return fmt.Errorf("rights that nobody has used: %s", strings.Join(slices.Sorted(maps.Keys(l.granted)), ", "))
	}
	return nil
}

// rights compares what a ServiceAccount may do with what it has done: every object that it
// may touch was touched, and nothing was forbidden. Which verbs were used is seen when all
// acts are over.
func (g *stage) rights(ctx context.Context, namespace, account string) error {
	granted, err := g.granted(ctx, namespace, account)
	if err != nil {
		return err
	}
	used, err := g.used("system:serviceaccount:" + namespace + ":" + account)
	if err != nil {
		return err
	}
	touched := map[string]bool{"": true}
	for _, r := range used {
		touched[r.object()], g.ledger.used[r.kind()] = true, true
	}
	for _, r := range granted {
		g.ledger.granted[r.kind()] = true
		if !touched[r.object()] {
			return fmt.Errorf("nobody has ever touched %s, on which there are rights", r.object())
		}
	}
	g.say("of the objects of %d rights each was touched, and nothing was forbidden", len(granted))
	return nil
}

// granted are the rights of the Roles that are bound to an account.
func (g *stage) granted(ctx context.Context, namespace, account string) ([]right, error) {
	bindings, err := g.client.RbacV1().RoleBindings("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	var all []right
	for _, b := range bindings.Items {
		if !slices.Contains(b.Subjects, rbacv1.Subject{Kind: "ServiceAccount", Namespace: namespace, Name: account}) {
			continue
		}
		role, err := g.client.RbacV1().Roles(b.Namespace).Get(ctx, b.RoleRef.Name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		for _, rule := range role.Rules {
			all = append(all, spread(b.Namespace, rule)...)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("no Role is bound to " + account)
	}
	return all, nil
}

func spread(namespace string, rule rbacv1.PolicyRule) []right {
	names := rule.ResourceNames
	if len(names) == 0 {
		names = []string{""}
	}
	var all []right
	for _, verb := range rule.Verbs {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, name := range names {
					all = append(all, right{namespace, verb, group, resource, name})
				}
			}
		}
	}
	return all
}

// used are the requests of a user that were allowed; one that was forbidden is an error.
func (g *stage) used(user string) ([]right, error) {
	file, err := os.Open(g.auditLog())
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	var all []right
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var a audited
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			return nil, fmt.Errorf("reading the audit log: %w", err)
		}
		if a.User.Username != user {
			continue
		}
		o := a.ObjectRef
		r := right{o.Namespace, a.Verb, o.APIGroup, o.Resource, o.Name}
		if o.Subresource != "" {
			r.resource += "/" + o.Subresource
		}
		if a.ResponseStatus.Code == http.StatusForbidden {
			return nil, fmt.Errorf("%s was forbidden, on %q", r.kind(), r.object())
		}
		all = append(all, r)
		if a.Verb == "patch" && a.ResponseStatus.Code == http.StatusCreated { // it was authorised for both
			r.verb = "create"
			all = append(all, r)
		}
	}
	return all, lines.Err()
}
