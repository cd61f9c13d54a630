package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/internal/rig"
)

const repeats = 5

// start measures from the start of the process to all targets converged, with
// the login in between and nothing to write.
func (s *suite) start(ctx context.Context) error {
	var took []time.Duration
	for range repeats {
		begin := time.Now()
		p, err := s.converged(ctx)
		if err != nil {
			return err
		}
		took = append(took, time.Since(begin))
		if _, err := p.Stop(ctx); err != nil {
			return err
		}
	}
	s.figure["start_to_converged_ms"] = median(took)
	return nil
}

func median(all []time.Duration) float64 {
	slices.Sort(all)
	return float64(all[len(all)/2].Milliseconds())
}

// ready measures from the moment at which Stalwart's port answers again to the
// new proof.
func (s *suite) ready(ctx context.Context) error {
	p, err := s.converged(ctx)
	if err != nil {
		return err
	}
	defer func() { _, _ = p.Stop(ctx) }()
	var took []time.Duration
	for range repeats {
		if err := s.mail.Stop(); err != nil {
			return err
		}
		if err := s.change(ctx); err != nil { // so that the controller notices
			return err
		}
		_, err := rig.Until(ctx, "the relay notices", 30*time.Second, func(ctx context.Context) bool {
			outcome, _ := s.rig.Outcome(ctx, "relay/console")
			return outcome == "Retrying"
		})
		if err != nil {
			return err
		}
		if err := s.mail.Start(ctx); err != nil {
			return err
		}
		waited, err := rig.Until(ctx, "the relay is proven again", 30*time.Second, s.allConverged)
		if err != nil {
			return err
		}
		took = append(took, waited)
	}
	s.figure["ready_to_proven_ms"] = median(took)
	return nil
}

// change touches the SOURCE without changing its fields.
func (s *suite) change(ctx context.Context) error {
	secrets := s.rig.Admin.CoreV1().Secrets(rig.NamespaceStalwart)
	source, err := secrets.Get(ctx, rig.SourceSecret, metav1.GetOptions{})
	if err != nil {
		return err
	}
	source.Annotations = map[string]string{"bench": strconv.FormatInt(time.Now().UnixNano(), 10)}
	_, err = secrets.Update(ctx, source, metav1.UpdateOptions{})
	return err
}

const unrelated = 20_000

// memory measures the resident set of a fresh process that has converged and
// rested, before and after the cluster has grown.
func (s *suite) memory(ctx context.Context) error {
	var err error
	if s.figure["rss_mib_0"], err = s.rss(ctx); err != nil {
		return err
	}
	begin := time.Now()
	if err := s.fill(ctx); err != nil {
		return err
	}
	fmt.Printf("  %d secrets created in %.0f s\n", unrelated, time.Since(begin).Seconds())
	s.figure["rss_mib_20000"], err = s.rss(ctx)
	return err
}

// rss is the resident set after 20 s, median of three looks.
func (s *suite) rss(ctx context.Context) (float64, error) {
	p, err := s.converged(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { _, _ = p.Stop(ctx) }()
	var looks []float64
	for range 3 {
		time.Sleep(7 * time.Second)
		kib, err := status(p.PID(), "VmRSS")
		if err != nil {
			return 0, err
		}
		looks = append(looks, kib/1024)
	}
	anonymous, err := status(p.PID(), "RssAnon")
	fmt.Printf("  RSS %.1f MiB, %.1f of them anonymous\n", looks[1], anonymous/1024)
	slices.Sort(looks)
	return looks[1], err
}

// status reads a number of KiB from /proc/PID/status.
func status(pid int, field string) (float64, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), field+":")
	f := strings.Fields(rest)
	if len(f) == 0 {
		return 0, fmt.Errorf("no %s in /proc", field)
	}
	return strconv.ParseFloat(f[0], 64)
}

// fill creates unrelated secrets of 1 KiB in the very namespaces that are
// watched.
func (s *suite) fill(ctx context.Context) error {
	const workers = 8
	payload := map[string][]byte{"data": []byte(strings.Repeat("x", 1024))}
	failures := make(chan error, workers)
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for i := w; i < unrelated; i += workers {
				ns := []string{rig.NamespaceStalwart, rig.NamespaceConsumer}[i%2]
				secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "unrelated-" + strconv.Itoa(i)}, Data: payload}
				if _, err := s.rig.Admin.CoreV1().Secrets(ns).Create(ctx, secret, metav1.CreateOptions{}); err != nil {
					failures <- err
					return
				}
			}
		})
	}
	all.Wait()
	close(failures)
	return <-failures
}

// idle lets the controller rest for five minutes and counts what it writes.
func (s *suite) idle(ctx context.Context) error {
	p, err := s.converged(ctx)
	if err != nil {
		return err
	}
	defer func() { _, _ = p.Stop(ctx) }()
	before, err := s.counters(ctx)
	if err != nil {
		return err
	}
	select {
	case <-time.After(5 * time.Minute):
	case <-ctx.Done():
		return ctx.Err()
	}
	after, err := s.counters(ctx)
	if err != nil {
		return err
	}
	s.figure["idle_writes_5m"] = after["writes"] - before["writes"] + after["configmaps"] - before["configmaps"]
	s.figure["lease_writes_5m"] = after["leases"] - before["leases"]
	return nil
}
