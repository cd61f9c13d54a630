//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/openova-io/smtp-mirror/internal/controlplane"
	"github.com/openova-io/smtp-mirror/internal/controlplane/pki"
	"github.com/openova-io/smtp-mirror/manifests/test/machine"
)

// The names of the installation.
const (
	release  = "stalwart-sovereign"
	fqdn     = "sovereign.test"
	mailHost = "mail." + fqdn
	oldHost  = "mail.mothership.test"
	mirrorNS = "catalyst-system"
	mirror   = "sovereign-smtp-credentials"
	tlsName  = "mail-tls"
)

// stage is a cluster for one act.
type stage struct {
	settings
	dir     string
	begin   time.Time
	plane   *controlplane.ControlPlane
	client  kubernetes.Interface
	machine *machine.Machine
	ca      *pki.CA
	mother  *mothership
	secrets map[string]string // values that no container may say, and whose they are

	ledger   ledger
	forgiven [][2]time.Time // when logins may have been refused
}

// set starts an empty cluster.
func (s settings) set(ctx context.Context, name string, l ledger) (*stage, error) {
	g := &stage{settings: s, ledger: l, dir: filepath.Join(machine.Dir(), name), begin: time.Now(), secrets: map[string]string{}}
	if err := errors.Join(os.Chmod(machine.Dir(), 0o755), os.MkdirAll(g.dir, 0o755)); err != nil { //nolint:gosec // other users get through
		return g, err
	}
	var err error
	if g.ca, err = pki.NewCA("the authority of the platform"); err != nil {
		return g, err
	}
	if err := g.startPlane(ctx); err != nil {
		return g, err
	}
	if err := g.startMachine(ctx); err != nil {
		return g, err
	}
	return g, g.platform(ctx)
}

// startPlane starts the API server, which writes down what the controllers ask for.
func (g *stage) startPlane(ctx context.Context) (err error) {
	policy := filepath.Join(g.dir, "audit.yaml")
	if err := os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
		return err
	}
	g.plane, err = controlplane.Start(ctx, controlplane.Options{Dir: filepath.Join(g.dir, "control-plane"), ControllerManager: true,
		Controllers:    []string{"endpointslice-controller", "root-ca-certificate-publisher-controller", "disruption-controller"},
		APIServerFlags: []string{"--audit-policy-file=" + policy, "--audit-log-path=" + g.auditLog()}})
	if err != nil {
		return err
	}
	g.client, err = kubernetes.NewForConfig(g.plane.Admin())
	return err
}

func (g *stage) startMachine(ctx context.Context) (err error) {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	server := g.stalwart
	if server == "" {
		server = g.standin
	}
	// The programs must be where other users get at them.
	programs := map[string]string{"/smtp-mirror": g.program, "/usr/local/bin/console": self, "/usr/local/bin/stalwart": server}
	for name, path := range programs {
		if programs[name], err = g.copied(path); err != nil {
			return err
		}
	}
	ours := programs["/smtp-mirror"]
	delete(programs, "/smtp-mirror")
	g.machine, err = machine.Start(ctx, g.plane.Admin(), machine.Options{Dir: g.dir, Ours: ours, OurImage: "openova-io/smtp-mirror", Programs: programs, Authority: g.ca.PEM(),
		Hosts: map[string]string{mailHost: release + "/" + release + "-mail", oldHost: machine.Gateway}})
	if err == nil {
		g.mother, err = startMothership(g.ca)
	}
	return err
}

func (g *stage) copied(path string) (string, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the operator's choice
	if err != nil {
		return "", err
	}
	to := filepath.Join(g.dir, "bin", filepath.Base(path))
	return to, errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, text, 0o755)) //nolint:gosec // programs
}

// platform is what is there before us: namespaces that enforce Pod Security, a certificate,
// and the mirror Secret of phase 1.
func (g *stage) platform(ctx context.Context) error {
	for _, name := range []string{release, mirrorNS} {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"}}}
		if _, err := g.client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	pair, err := g.ca.Server(mailHost)
	if err != nil {
		return err
	}
	for _, s := range []*corev1.Secret{
		{ObjectMeta: metav1.ObjectMeta{Namespace: release, Name: tlsName}, Type: corev1.SecretTypeTLS, Data: map[string][]byte{corev1.TLSCertKey: pair.Cert, corev1.TLSPrivateKeyKey: pair.Key}},
		{ObjectMeta: metav1.ObjectMeta{Namespace: mirrorNS, Name: mirror, Labels: map[string]string{"app.kubernetes.io/managed-by": "catalyst-api"}, Annotations: map[string]string{"catalyst.openova.io/seed-phase": "phase-1-mothership-relay"}},
			StringData: map[string]string{"smtp-host": oldHost, "smtp-port": "587", "smtp-user": oldUser, "smtp-pass": oldPassword, "smtp-from": oldUser}},
	} {
		if _, err := g.client.CoreV1().Secrets(s.Namespace).Create(ctx, s, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// say prints a line with the time since the act began, and remembers what is secret then.
func (g *stage) say(format string, args ...any) {
	g.collect()
	fmt.Printf("%7.1fs  %s\n", time.Since(g.begin).Seconds(), fmt.Sprintf(format, args...))
}

// steps takes one after another, and says how the Pods are where one fails.
func (g *stage) steps(ctx context.Context, all ...func(context.Context) error) error {
	for _, step := range all {
		if err := step(ctx); err != nil {
			return errors.Join(err, g.describe(ctx))
		}
	}
	return nil
}

// saying is say as a step.
func (g *stage) saying(what string) func(context.Context) error {
	return func(context.Context) error {
		g.say("%s", what)
		return nil
	}
}

// until waits for something.
func (g *stage) until(ctx context.Context, what string, patience time.Duration, holds func(ctx context.Context) bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !holds(ctx) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited %s in vain: %s", patience, what)
		case <-tick.C:
		}
	}
	return nil
}

// data is a Secret's.
func (g *stage) data(ctx context.Context, namespace, name string) map[string]string {
	s, err := g.client.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil // it is not there, or will be asked for again
	}
	all := map[string]string{}
	for key, value := range s.Data {
		all[key] = string(value)
	}
	return all
}

// close ends everything.
func (g *stage) close() error {
	var all []error
	if g.machine != nil {
		all = append(all, g.machine.Close())
	}
	if g.mother != nil {
		all = append(all, g.mother.close())
	}
	if g.plane != nil {
		all = append(all, g.plane.Close())
	}
	return errors.Join(all...)
}
