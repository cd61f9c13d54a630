// Command demo shows the controller doing its whole job, live, on this machine:
// a real Kubernetes API, a mail server, and smtp-mirror as a process of its own.
// Every line is something that happens in the field, with the time that healing
// it took. It exits 0 only if everything healed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/openova-io/smtp-mirror/internal/rig"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	keep := flag.Bool("keep", false, "leave everything running at the end, until interrupted")
	flag.Parse()
	dir, err := os.MkdirTemp("", "smtp-mirror-demo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	d := &demo{dir: dir}
	defer d.close()
	err = errors.Join(d.setUp(ctx), ctx.Err())
	if err != nil {
		return err
	}
	err = d.play(ctx)
	d.table()
	if *keep {
		d.wait(ctx)
	}
	if err == nil && d.failed > 0 {
		err = fmt.Errorf("%d of %d steps did not heal", d.failed, len(d.rows))
	}
	return err
}

// demo is a running installation and what has been measured.
type demo struct {
	dir     string
	mail    rig.Mail
	rig     *rig.Rig
	process *rig.Process
	rows    []row
	failed  int
}

type row struct {
	what string
	took time.Duration
	err  error
}

// setUp starts the parts, and says what each of them is.
func (d *demo) setUp(ctx context.Context) error {
	fmt.Println("smtp-mirror demo: one machine, loopback only, nothing is left behind")
	binary := rig.FindStalwart()
	steps := []struct {
		name string
		do   func() (string, error)
	}{
		{"controller", func() (string, error) {
			path, err := rig.Build(ctx, d.dir)
			return "built " + filepath.Base(path), err
		}},
		{"mail server", func() (string, error) { return d.startMail(ctx, binary) }},
		{"control plane", func() (string, error) { return d.startRig(ctx) }},
	}
	for _, s := range steps {
		begin := time.Now()
		what, err := s.do()
		if err != nil {
			return fmt.Errorf("starting the %s: %w", s.name, err)
		}
		fmt.Printf("  %-14s %-72s %6.2f s\n", s.name, what, time.Since(begin).Seconds())
	}
	return nil
}

func (d *demo) startMail(ctx context.Context, binary string) (string, error) {
	dir := filepath.Join(d.dir, "mail")
	err := os.MkdirAll(dir, 0o700)
	if err != nil {
		return "", err
	}
	d.mail, err = rig.StartMail(ctx, rig.MailOptions{Binary: binary, Dir: dir})
	if err != nil {
		return "", err
	}
	if !d.mail.Real() {
		return d.mail.Describe() + " (`make stalwart` installs a real one)", nil
	}
	return d.mail.Describe(), nil
}

func (d *demo) startRig(ctx context.Context) (string, error) {
	var err error
	d.rig, err = rig.Start(ctx, rig.Options{Dir: d.dir, Mail: d.mail, Binary: filepath.Join(d.dir, "smtp-mirror"), Pods: true})
	return "kube-apiserver with RBAC, etcd, kube-controller-manager (real)", err
}

// table prints what was measured.
func (d *demo) table() {
	fmt.Printf("\n  %-58s %9s  %s\n", "what happened", "healed in", "")
	for _, r := range d.rows {
		verdict := "ok"
		if r.err != nil {
			verdict = "NOT HEALED: " + r.err.Error()
		}
		fmt.Printf("  %-58s %7.3f s  %s\n", r.what, r.took.Seconds(), verdict)
	}
	if d.failed == 0 {
		fmt.Printf("\ndemo: all %d steps healed, with %s\n", len(d.rows), d.mail.Describe())
	}
}

// wait leaves everything running.
func (d *demo) wait(ctx context.Context) {
	kubeconfig := filepath.Join(d.dir, "admin.kubeconfig")
	if err := d.rig.ControlPlane.WriteKubeconfig(kubeconfig, d.rig.AdminConfig); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		return
	}
	fmt.Printf("\nstill running until you press Ctrl-C:\n  export KUBECONFIG=%s\n  curl http://%s/status\n", kubeconfig, d.rig.HTTP)
	<-ctx.Done()
}

func (d *demo) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if d.process != nil {
		_, _ = d.process.Stop(ctx)
	}
	if d.rig != nil {
		_ = d.rig.Close()
	}
	if d.mail != nil {
		_ = d.mail.Close()
	}
}
