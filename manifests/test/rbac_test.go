package charts_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/rbac"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// TestTheRolesAreWhatTheProgramPrints, rule for rule, for every configuration.
func TestTheRolesAreWhatTheProgramPrints(t *testing.T) {
	for name, text := range configurations(t) {
		t.Run(name, func(t *testing.T) {
			c, err := config.Parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			v, err := yaml.Marshal(map[string]any{"config": values(t, text)})
			if err != nil {
				t.Fatal(err)
			}
			got, want := rolesOf(t, string(v)), plain(t, rbac.Objects(c, "mail", "smtp-mirror"))
			if !reflect.DeepEqual(got, want) {
				a, _ := yaml.Marshal(got)
				b, _ := yaml.Marshal(want)
				t.Errorf("the chart renders\n%s\nthe program prints\n%s", a, b)
			}
		})
	}
}

// rolesOf are the Roles and RoleBindings that the chart renders, without labels.
func rolesOf(t *testing.T, text string) []any {
	t.Helper()
	var all []any
	for _, o := range objects(t, render(t, text)) {
		var typed any
		switch o.GetKind() {
		case "Role":
			typed = &rbacv1.Role{}
		case "RoleBinding":
			typed = &rbacv1.RoleBinding{}
		default:
			continue
		}
		if o.GetLabels()["app.kubernetes.io/name"] != "smtp-mirror" {
			t.Errorf("%s has no name in its labels", o.GetName())
		}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(o.Object, typed, true); err != nil {
			t.Fatal(err)
		}
		all = append(all, typed)
	}
	return plain(t, all)
}

// plain brings objects to what is compared: their JSON, without labels.
func plain(t *testing.T, all []any) []any {
	t.Helper()
	var out []any
	for _, object := range all {
		text, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		var fields map[string]any
		if err := json.Unmarshal(text, &fields); err != nil {
			t.Fatal(err)
		}
		delete(fields["metadata"].(map[string]any), "labels")
		out = append(out, fields)
	}
	return out
}
