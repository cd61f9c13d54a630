package rig

import (
	"context"
	"fmt"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/rbac"
)

// Right is one verb on one kind of object in one namespace; Name "" is a right
// without a name.
type Right struct{ Namespace, Verb, Resource, Name string }

// Take removes a right from what the controller was granted; the function that it
// returns gives it back.
func (r *Rig) Take(ctx context.Context, gone Right) (give func(context.Context) error, err error) {
	role, err := r.Admin.RbacV1().Roles(gone.Namespace).Get(ctx, rbac.Name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading the role: %w", err)
	}
	whole := role.DeepCopy()
	whole.ResourceVersion = ""
	role.Rules = without(role.Rules, gone)
	return func(ctx context.Context) error { return r.PutRole(ctx, whole) }, r.PutRole(ctx, role)
}

func without(rules []rbacv1.PolicyRule, gone Right) []rbacv1.PolicyRule {
	var left []rbacv1.PolicyRule
	for _, r := range rules {
		if slices.Contains(r.Resources, gone.Resource) && slices.Contains(append(r.ResourceNames, ""), gone.Name) {
			spared := *r.DeepCopy()
			spared.ResourceNames = slices.DeleteFunc(spared.ResourceNames, func(n string) bool { return n == gone.Name })
			if len(spared.ResourceNames) > 0 {
				left = append(left, spared)
				r.ResourceNames = []string{gone.Name}
			}
			r.Verbs = slices.DeleteFunc(r.Verbs, func(v string) bool { return v == gone.Verb })
		}
		left = append(left, r)
	}
	return left
}
