package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/internal/rig"
)

const (
	namespace = "bench"
	rounds    = 600 // of each kind, interleaved
	warmUp    = 30  // of them are not counted
)

// lane is one pair of source and target.
type lane struct {
	source, target string
	events         <-chan string // values of smtp-pass seen on the target
	stop           func()
	took           []time.Duration
}

// latency measures floor and ours alternately: from the writer's response to
// the target's event in a watch of our own.
func (s *suite) latency(ctx context.Context) error {
	_, err := s.rig.Admin.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	lanes := []*lane{{source: "floor-source", target: "floor-target"}, {source: "ours-source", target: "ours-target"}}
	for _, l := range lanes {
		if err := s.open(ctx, l); err != nil {
			return err
		}
		defer l.stop()
	}
	stop, err := s.startBoth(ctx)
	if err != nil {
		return err
	}
	defer stop()
	for i := range rounds + warmUp {
		for _, l := range lanes {
			took, err := s.round(ctx, l, "value-"+strconv.Itoa(i))
			if err != nil {
				return err
			}
			if i >= warmUp {
				l.took = append(l.took, took)
			}
		}
	}
	s.percentiles("floor", lanes[0].took)
	s.percentiles("mirror", lanes[1].took)
	return nil
}

func (s *suite) percentiles(name string, all []time.Duration) {
	slices.Sort(all)
	at := func(q float64) float64 { return float64(all[int(q*float64(len(all)-1))].Microseconds()) / 1000 }
	s.figure[name+"_p50_ms"], s.figure[name+"_p99_ms"] = at(0.5), at(0.99)
	fmt.Printf("  %-8s n=%d p50 %.2f ms, p99 %.2f ms\n", name, len(all), at(0.5), at(0.99))
}

// open creates the source and watches the target.
func (s *suite) open(ctx context.Context, l *lane) error {
	secrets := s.rig.Admin.CoreV1().Secrets(namespace)
	_, err := secrets.Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: l.source}, Data: rig.SourceData("value-first")}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	w, err := secrets.Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=" + l.target})
	if err != nil {
		return err
	}
	events := make(chan string, 16)
	l.events, l.stop = events, w.Stop
	go func() {
		defer close(events)
		for e := range w.ResultChan() {
			if secret, ok := e.Object.(*corev1.Secret); ok {
				events <- string(secret.Data["smtp-pass"])
			}
		}
	}()
	return nil
}

// round writes a value into the source and waits for it on the target.
func (s *suite) round(ctx context.Context, l *lane, value string) (time.Duration, error) {
	secrets := s.rig.Admin.CoreV1().Secrets(namespace)
	_, err := secrets.Update(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: l.source}, Data: rig.SourceData(value)}, metav1.UpdateOptions{})
	begin := time.Now()
	if err != nil {
		return 0, err
	}
	limit := time.NewTimer(20 * time.Second)
	defer limit.Stop()
	for {
		select {
		case got := <-l.events:
			if got == value {
				return time.Since(begin), nil
			}
		case <-limit.C:
			return 0, fmt.Errorf("%s did not follow", l.target)
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// startBoth starts the floor and the controller, each as a process of its own
// with the same kubeconfig. No Stalwart answers: gate none needs none.
func (s *suite) startBoth(ctx context.Context) (stop func(), err error) {
	kubeconfig := filepath.Join(s.dir, "admin.kubeconfig")
	if err := s.rig.ControlPlane.WriteKubeconfig(kubeconfig, s.rig.AdminConfig); err != nil {
		return nil, err
	}
	file := filepath.Join(s.dir, "ungated.yaml")
	text := fmt.Sprintf(`domain: %s
stalwart: {url: "http://127.0.0.1:9", namespace: %s}
submissions:
- secret: ours-source
  gate: none
  mirrors: [{namespace: %s, name: ours-target}]
dnsRecords: {namespace: %s, name: none}
leaderElection: {namespace: %s}
http: {address: %q}
`, rig.Domain, namespace, namespace, namespace, namespace, s.rig.HTTP)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	commands := []*exec.Cmd{
		exec.CommandContext(ctx, self, "floor", "--kubeconfig", kubeconfig, "--source", "floor-source", "--target", "floor-target"), //nolint:gosec // ourselves
		exec.CommandContext(ctx, s.rig.Binary, "run", "--config", file, "--kubeconfig", kubeconfig, "--log-level", "error"),         //nolint:gosec // our own
	}
	for _, c := range commands {
		c.Stderr = os.Stderr
		if err := c.Start(); err != nil {
			return nil, err
		}
	}
	return func() {
		for _, c := range commands {
			_ = c.Process.Signal(os.Interrupt)
			_ = c.Wait()
		}
	}, nil
}
