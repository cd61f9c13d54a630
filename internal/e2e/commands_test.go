package e2e

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"sigs.k8s.io/yaml"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/openova-io/smtp-mirror/config"
)

// command runs the program to its end.
func command(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	if shared.absent != nil {
		t.Skip(shared.absent)
	}
	var out, problems bytes.Buffer
	cmd := exec.CommandContext(t.Context(), shared.binary, args...)
	cmd.Stdout, cmd.Stderr = &out, &problems
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), problems.String()
}

func configFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.yaml")
	must(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

func TestUsageErrors(t *testing.T) {
	t.Parallel()
	minimal := "domain: example.test\n"
	for what, c := range map[string]struct {
		args []string
		word string // that the message must have
	}{
		"no command":         {nil, "usage"},
		"unknown command":    {[]string{"walk"}, "walk"},
		"no configuration":   {[]string{"run"}, "--config"},
		"absent file":        {[]string{"run", "--config", filepath.Join(t.TempDir(), "absent.yaml")}, "absent.yaml"},
		"unknown key":        {[]string{"run", "--config", configFile(t, minimal+"stalwart: {adress: x}\n")}, "adress"},
		"unknown top key":    {[]string{"once", "--config", configFile(t, minimal+"resnyc: 5m\n")}, "resnyc"},
		"unknown list key":   {[]string{"config", "--config", configFile(t, minimal+"submissions: [{mirrors: [{nmae: x}]}]\n")}, "nmae"},
		"a key twice":        {[]string{"run", "--config", configFile(t, minimal+minimal)}, "domain"},
		"no domain":          {[]string{"run", "--config", configFile(t, "resync: 5m\n")}, "domain"},
		"bad duration":       {[]string{"run", "--config", configFile(t, minimal+"resync: 5 minutes\n")}, "5 minutes"},
		"bad log level":      {[]string{"run", "--config", configFile(t, minimal), "--log-level", "loud"}, "log-level"},
		"no service account": {[]string{"rbac", "--config", configFile(t, minimal)}, "--service-account"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := command(t, c.args...)
			if code != 64 || !contains(stderr, c.word) || stdout != "" {
				t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
			}
		})
	}
}

// TestConfigCommand: what is printed is a configuration that means the same, with
// every default filled in.
func TestConfigCommand(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := command(t, "config", "--config", configFile(t, "domain: omantel.omani.works\n"))
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	again, err := config.Parse([]byte(stdout))
	must(t, err)
	text, err := again.YAML()
	must(t, err)
	if string(text) != stdout {
		t.Error("the printed configuration is another one when it is read again")
	}
	for _, part := range []string{"url: http://stalwart-sovereign-http.stalwart-sovereign.svc.cluster.local:8080", "adminSecret: stalwart-sovereign-admin",
		"secret: stalwart-sovereign-submission", "name: sovereign-smtp-credentials", "gate: login", "resync: 5m", "name: stalwart-sovereign-dns-records-required", "- legacy"} {
		if !contains(stdout, part) {
			t.Errorf("the default %q is missing", part)
		}
	}
}

// TestRBACCommand reads the Roles as a cluster would.
func TestRBACCommand(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := command(t, "rbac", "--config", configFile(t, "domain: omantel.omani.works\n"), "--service-account", "apps/mirror")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	var namespaces []string
	for document := range bytes.SplitSeq([]byte(stdout), []byte("---\n")) {
		var role rbacv1.Role
		must(t, yaml.Unmarshal(document, &role))
		switch role.Kind {
		case "Role":
			namespaces = append(namespaces, role.Namespace)
			for _, r := range role.Rules {
				if slices.Contains(r.Resources, "secrets") && (len(r.ResourceNames) == 0 || slices.Contains(r.Verbs, "delete") || slices.Contains(r.Verbs, "update")) {
					t.Errorf("too much: %v", r)
				}
			}
		case "RoleBinding":
			var binding rbacv1.RoleBinding
			must(t, yaml.UnmarshalStrict(document, &binding))
			if s := binding.Subjects; len(s) != 1 || s[0].Namespace != "apps" || s[0].Name != "mirror" || s[0].Kind != "ServiceAccount" {
				t.Errorf("subjects %v", s)
			}
		default:
			t.Errorf("a document of kind %q", role.Kind)
		}
	}
	if !slices.Equal(namespaces, []string{"catalyst-system", "stalwart-sovereign"}) {
		t.Errorf("roles in %v", namespaces)
	}
}

func TestVersionCommand(t *testing.T) {
	t.Parallel()
	code, first, _ := command(t, "version")
	_, second, _ := command(t, "version")
	if code != 0 || len(first) < 2 || first != second {
		t.Errorf("exit code %d, %q and %q", code, first, second)
	}
}

// TestNoCluster: a cluster that is nowhere to be found ends the program with an
// error that says so.
func TestNoCluster(t *testing.T) {
	t.Parallel()
	file := configFile(t, "domain: example.test\nhttp: {address: \"127.0.0.1:0\"}\n")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	code, _, stderr := command(t, "run", "--config", file, "--kubeconfig", filepath.Join(t.TempDir(), "absent"))
	if code != 1 || !contains(stderr, "finding the cluster") || ctx.Err() != nil {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}
