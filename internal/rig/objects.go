package rig

import (
	"context"
	"fmt"
	"net"
	"os"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/rbac"
)

// Names of the contract.
const (
	NamespaceStalwart = "stalwart-sovereign"
	NamespaceConsumer = "catalyst-system"
	SourceSecret      = "stalwart-sovereign-submission" //nolint:gosec // a name
	AdminSecret       = "stalwart-sovereign-admin"      //nolint:gosec // a name
	MirrorSecret      = "sovereign-smtp-credentials"    //nolint:gosec // a name
	RecordsConfigMap  = "stalwart-sovereign-dns-records-required"
	ServiceAccount    = "smtp-mirror"
)

// Canaries are the secrets of a rig. None of them may appear in any output.
const (
	FirstPassword  = "canary-First-pa55word-Of-the-source"
	SecondPassword = "canary-Second-pa55word-Of-the-source"
	PhaseOnePass   = "canary-phase-one-Of-the-mothership"
)

// Canaries lists every secret of a rig.
func Canaries() []string { return []string{FirstPassword, SecondPassword, PhaseOnePass, adminPassword} }

// Records is records.json as the chart renders it.
const Records = `{"sovereignFQDN": "example.test", "mailHost": "mail.example.test",
 "mx":    {"name": "example.test", "value": "mail.example.test", "priority": 10},
 "spf":   {"name": "example.test", "value": "v=spf1 a mx ~all"},
 "dmarc": {"name": "_dmarc.example.test", "value": "v=DMARC1; p=quarantine; rua=mailto:postmaster@example.test"},
 "dkim":  {"selector": "dkim", "name": "dkim._domainkey.example.test", "algorithm": "ed25519-sha256", "publicKey": ""},
 "ptr":   {"name": "<LoadBalancer IPv4>", "value": "mail.example.test"}}
`

// SourceData is the SOURCE with a password.
func SourceData(password string) map[string][]byte {
	return map[string][]byte{"smtp-host": []byte(MailHost), "smtp-port": []byte("587"), "smtp-from": []byte("noreply@" + Domain),
		"smtp-user": []byte("noreply@" + Domain), "smtp-pass": []byte(password)}
}

// Seed is the mirror as the installer leaves it in phase 1.
func Seed() *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: NamespaceConsumer, Name: MirrorSecret,
			Labels:      map[string]string{"app.kubernetes.io/managed-by": "catalyst-api"},
			Annotations: map[string]string{"catalyst.openova.io/seed-phase": "phase-1-mothership-relay"}},
		Data: map[string][]byte{"smtp-user": []byte("sovereign-42"), "smtp-pass": []byte(PhaseOnePass), "smtp-host": []byte("mail.openova.io"),
			"smtp-port": []byte("587"), "smtp-from": []byte("noreply@openova.io")},
	}
}

func (r *Rig) createObjects(ctx context.Context) error {
	core := r.Admin.CoreV1()
	for _, name := range []string{r.Home, r.Consumer} {
		_, err := core.Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
		if err != nil {
			return fmt.Errorf("creating the namespace %s: %w", name, err)
		}
	}
	_, password := r.Mail.Admin()
	seed := Seed()
	seed.Namespace = r.Consumer
	secrets := []*corev1.Secret{
		{ObjectMeta: metav1.ObjectMeta{Namespace: r.Home, Name: AdminSecret}, Data: map[string][]byte{"ADMIN_PASSWORD": []byte(password)}},
		{ObjectMeta: metav1.ObjectMeta{Namespace: r.Home, Name: SourceSecret}, Data: SourceData(FirstPassword)},
		seed,
	}
	for _, s := range secrets {
		if _, err := core.Secrets(s.Namespace).Create(ctx, s, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("creating the secret %s: %w", s.Name, err)
		}
	}
	records := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: r.Home, Name: RecordsConfigMap}, Data: map[string]string{"records.json": Records, "README.md": "# DNS records\n"}}
	if _, err := core.ConfigMaps(r.Home).Create(ctx, records, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("creating the configmap: %w", err)
	}
	return nil
}

// configure writes the controller's configuration file.
func (r *Rig) configure(context.Context) error {
	text := r.Config
	if text == "" {
		text = r.DefaultConfig()
	}
	text += r.Extra
	if r.Tune != nil || r.Home != NamespaceStalwart || r.Consumer != NamespaceConsumer {
		return r.Reconfigure(text, r.Tune)
	}
	return os.WriteFile(r.ConfigFile, []byte(text), 0o600)
}

// Reconfigure replaces the configuration file by a text whose default
// namespaces are those of the rig, tuned. The file changes in one step.
func (r *Rig) Reconfigure(text string, tune func(*config.Config)) error {
	cfg, err := config.Parse([]byte(text))
	if err != nil {
		return err
	}
	cfg.Stalwart.Namespace, cfg.DNSRecords.Namespace, cfg.LeaderElection.Namespace = r.Home, r.Home, r.Home
	cfg.DNS.Service.Namespace, cfg.DNS.Publish.ExternalDNS.Namespace = r.Home, r.Home
	for i := range cfg.Submissions {
		for j := range cfg.Submissions[i].Mirrors {
			cfg.Submissions[i].Mirrors[j].Namespace = r.Consumer
		}
	}
	if tune != nil {
		tune(cfg)
	}
	out, err := cfg.YAML()
	if err != nil {
		return err
	}
	return r.WriteConfig(string(out))
}

// WriteConfig replaces the configuration file by any text, in one step.
func (r *Rig) WriteConfig(text string) error {
	next := r.ConfigFile + ".next"
	if err := os.WriteFile(next, []byte(text), 0o600); err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	return os.Rename(next, r.ConfigFile)
}

// DefaultConfig points the defaults at the rig's mail server. It has no overlap: the
// mirror is to hold what the SOURCE says at once.
func (r *Rig) DefaultConfig() string {
	return fmt.Sprintf(`domain: %s
stalwart: {url: %q}
submissions:
- listener: {bind: %q}
  probe: {address: %q, caFile: %q}
  rotation: {overlap: 0s}
dns: {look: false}
http: {address: %q}
`, Domain, r.Mail.URL(), r.Mail.SubmissionAddr(), r.Mail.SubmissionAddr(), r.Mail.CAFile(), r.HTTP)
}

// grant creates the ServiceAccount and the rights that its configuration needs,
// and no others.
func (r *Rig) grant(ctx context.Context) error {
	var err error
	r.Account, err = r.ControlPlane.ServiceAccount(ctx, r.Home, ServiceAccount)
	if err != nil {
		return fmt.Errorf("creating the service account: %w", err)
	}
	cfg, err := config.Load(r.ConfigFile)
	if err != nil {
		return err
	}
	if err := r.Grant(ctx, cfg); err != nil {
		return err
	}
	return r.ControlPlane.WriteKubeconfig(r.Kubeconfig, r.Account)
}

// Grant creates the Roles and RoleBindings of a configuration, or brings them
// up to date.
func (r *Rig) Grant(ctx context.Context, cfg *config.Config) error {
	for _, object := range rbac.Objects(cfg, r.Home, ServiceAccount) {
		var err error
		switch o := object.(type) {
		case *rbacv1.Role:
			err = r.PutRole(ctx, o)
		case *rbacv1.RoleBinding:
			_, err = r.Admin.RbacV1().RoleBindings(o.Namespace).Create(ctx, o, metav1.CreateOptions{})
		}
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("granting the controller's rights: %w", err)
		}
	}
	return nil
}

// PutRole creates or replaces one Role.
func (r *Rig) PutRole(ctx context.Context, role *rbacv1.Role) error {
	roles := r.Admin.RbacV1().Roles(role.Namespace)
	_, err := roles.Update(ctx, role, metav1.UpdateOptions{})
	if apierrors.IsNotFound(err) {
		_, err = roles.Create(ctx, role, metav1.CreateOptions{})
	}
	return err
}

// Host and port of a loopback address.
func split(address string) (string, string) {
	host, port, _ := net.SplitHostPort(address)
	return host, port
}
