package config_test

import (
	"reflect"
	"testing"

	"github.com/openova-io/smtp-mirror/config"
)

// TestConsumers: the kinds, and what is filled in.
func TestConsumers(t *testing.T) {
	c, err := config.Parse([]byte(ok + `
submissions:
- mirrors:
  - consumers:
    - {namespace: use, name: console, via: {name: rendered, keys: {user: LOGIN, password: SECRET}}}
    - {kind: HelmRelease, namespace: flux-system, name: platform, via: {namespace: use, name: rendered}}
    - {kind: Kustomization, namespace: flux-system, name: apps}
`))
	if err != nil {
		t.Fatal(err)
	}
	defaults := config.ViaKeys{User: "smtp-user", Pass: "smtp-pass"}
	want := []config.Consumer{
		{Kind: "Deployment", Namespace: "use", Name: "console", Via: config.Via{Namespace: "use", Name: "rendered", Keys: config.ViaKeys{User: "LOGIN", Pass: "SECRET"}}},
		{Kind: "HelmRelease", Namespace: "flux-system", Name: "platform", Via: config.Via{Namespace: "use", Name: "rendered", Keys: defaults}},
		{Kind: "Kustomization", Namespace: "flux-system", Name: "apps", Via: config.Via{Keys: defaults}},
	}
	if got := c.Submissions[0].Consumers(); !reflect.DeepEqual(got, want) || !c.Submissions[0].Rotates() {
		t.Errorf("%+v", got)
	}
	text, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := config.Parse(text); err != nil || !reflect.DeepEqual(again, c) {
		t.Errorf("what is printed is another configuration: %v", err)
	}
}

// TestConsumersThatCannotBe.
func TestConsumersThatCannotBe(t *testing.T) {
	with := func(consumer string) string {
		return ok + "submissions: [{mirrors: [{consumers: [" + consumer + "]}]}]"
	}
	refuses(t, []row{
		{"a kind that nobody rolls", with("{kind: CronJob, namespace: use, name: x}"), `submissions[0].mirrors[0].consumers[0].kind "CronJob" is none of Deployment, StatefulSet, DaemonSet, HelmRelease, Kustomization`},
		{"no name", with("{namespace: use}"), "submissions[0].mirrors[0].consumers[0].name"},
		{"no namespace", with("{name: x}"), "submissions[0].mirrors[0].consumers[0].namespace"},
		{"a rendered secret without a name", with("{namespace: use, name: x, via: {name: A}}"), "submissions[0].mirrors[0].consumers[0].via.name"},
		{"an unknown key", with("{namespace: use, name: x, via: {name: a, keys: {pass: x}}}"), `"submissions[0].mirrors[0].consumers[0].via.keys.pass"`},
	})
}
