// Command bench measures what the project promises in numbers, on this machine,
// with real parts, and writes them to bench/results.json.
//
// Machines differ and are shared, so times are compared with a floor that is
// measured in the same minutes: a client-go informer on one object that sends one
// apply of the same fields per event, with the same client settings, as a process
// of its own like ours. A figure that is missed is printed as MISSED; only what
// must never happen (a refused login, a write when nothing changed) ends in an
// error.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/openova-io/smtp-mirror/internal/rig"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	run := bench
	if len(os.Args) > 1 && os.Args[1] == "floor" {
		run = floor
	}
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// suite is a running rig and the figures so far.
type suite struct {
	dir    string
	rig    *rig.Rig
	mail   rig.Mail
	figure map[string]float64
}

func bench(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "smtp-mirror-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	s := &suite{dir: dir, figure: map[string]float64{}}
	if err := s.setUp(ctx); err != nil {
		return err
	}
	defer s.close()
	parts := []struct {
		name string
		run  func(context.Context) error
	}{
		{"latency: mirror against floor", s.latency},
		{"latency: gated by a login; cost of a change", s.gated},
		{"start to converged", s.start},
		{"port answers to proven", s.ready},
		{"memory with 0 and 20,000 unrelated secrets", s.memory},
		{"five idle minutes", s.idle},
	}
	for _, p := range parts {
		if only := os.Getenv("ONLY"); !strings.HasPrefix(p.name, only) {
			continue
		}
		fmt.Println("bench:", p.name)
		if err := p.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return s.report()
}

func (s *suite) setUp(ctx context.Context) error {
	binary, err := rig.Build(ctx, s.dir)
	if err != nil {
		return err
	}
	s.mail, err = rig.StartMail(ctx, rig.MailOptions{Dir: s.dir})
	if err != nil {
		return err
	}
	s.rig, err = rig.Start(ctx, rig.Options{Dir: s.dir, Mail: s.mail, Binary: binary})
	return err
}

func (s *suite) close() {
	_ = s.rig.Close()
	_ = s.mail.Close()
}

// goal is a number to reach.
type goal struct {
	what  string
	value float64
	most  float64
}

// report prints and writes all figures, and says which goals were missed.
func (s *suite) report() error {
	f := s.figure
	goals := []goal{
		{"mirror p50 / floor p50", f["mirror_p50_ms"] / f["floor_p50_ms"], 1.3},
		{"mirror p99 / floor p99", f["mirror_p99_ms"] / f["floor_p99_ms"], 2},
		{"idle writes in 5 minutes", f["idle_writes_5m"], 0},
		{"writes per change and target", f["writes_per_change"], 1},
		{"RSS with 20,000 secrets, MiB", f["rss_mib_20000"], 32},
		{"RSS growth, MiB", f["rss_mib_20000"] - f["rss_mib_0"], 2},
		{"start to converged, ms", f["start_to_converged_ms"], 1000},
		{"port answers to proven, ms", f["ready_to_proven_ms"], 2000},
	}
	fmt.Println()
	for _, name := range slices.Sorted(maps.Keys(f)) {
		fmt.Printf("  %-24s %10.2f\n", name, f[name])
	}
	fmt.Println()
	missed := 0
	for _, g := range goals {
		verdict := "reached"
		if os.Getenv("ONLY") != "" {
			continue // a part says nothing about the whole
		}
		if !(g.value <= g.most) {
			verdict = "MISSED"
			missed++
		}
		fmt.Printf("  %-32s %10.2f  (at most %g)  %s\n", g.what, g.value, g.most, verdict)
	}
	fmt.Printf("\nbench: %d of %d goals reached, with %s\n", len(goals)-missed, len(goals), s.mail.Describe())
	if f["idle_writes_5m"] > 0 {
		return fmt.Errorf("%g writes while nothing changed", f["idle_writes_5m"])
	}
	if os.Getenv("ONLY") != "" {
		return nil
	}
	return s.write()
}

func (s *suite) write() error {
	text, err := json.MarshalIndent(s.figure, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll("bench", 0o755); err != nil { //nolint:gosec // results are for everybody
		return err
	}
	return os.WriteFile(filepath.Join("bench", "results.json"), append(text, '\n'), 0o644) //nolint:gosec // the same
}
