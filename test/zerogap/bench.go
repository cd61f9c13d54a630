package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/openova-io/smtp-mirror/internal/rig"
)

// bench runs rows side by side.
type bench struct {
	o      options
	dir    string
	binary string
	plane  *rig.Plane
	begin  time.Time
	calm   sync.WaitGroup // rows that are being set up, and need the API server for it

	mu    sync.Mutex
	done  []outcome
	begun int
	kept  time.Duration // of the limit, for what comes later
}

// quietAtOnce is how many installations are measured at a time: the figures are of the
// product then, not of a machine that is full.
const quietAtOnce = 3

// realAtOnce is how many real servers run at a time: they hash passwords in earnest,
// and may be debug builds.
const realAtOnce = 2

// late reports whether no rotation may begin any more.
func (b *bench) late() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return time.Since(b.begin) > b.o.limit-b.kept
}

// late reports whether the row has had its part of the time: as much of it as it is
// of the work. One rotation it has in any case, once it is set up.
func (r *row) late() bool {
	return r.out.rotations > 0 && (r.b.late() || time.Since(r.begin) > r.budget)
}

// reserve keeps time for what comes later.
func (b *bench) reserve(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept = d
}

// all runs every row. Those that nothing disturbs come first, and have the machine to
// themselves. Those in which the API server restarts come last, and together: the
// others share it.
func (b *bench) all(ctx context.Context, specs []spec) {
	of := func(pass string) (those, others []spec) {
		those = slices.DeleteFunc(slices.Clone(specs), func(s spec) bool { return s.pass != pass })
		return those, slices.DeleteFunc(slices.Clone(specs), func(s spec) bool { return s.pass == pass })
	}
	quiet, specs := of(passAlone)
	if len(specs) > 0 {
		b.reserve(b.o.limit * 4 / 5)
	}
	b.some(ctx, quiet, quietAtOnce)
	b.reserve(0)
	restless, calm := of(passAPIServer)
	if len(restless) > 0 {
		b.reserve(min(b.o.limit/5, 4*time.Minute))
	}
	isReal := func(s spec) bool { return s.server.binary != "" }
	var others sync.WaitGroup
	others.Go(func() {
		b.some(ctx, slices.DeleteFunc(slices.Clone(calm), func(s spec) bool { return !isReal(s) }), realAtOnce)
	})
	b.some(ctx, slices.DeleteFunc(slices.Clone(calm), isReal), b.o.parallel)
	others.Wait()
	if len(restless) == 0 {
		return
	}
	b.reserve(0)
	restarts, cancel := context.WithCancel(ctx)
	var weather sync.WaitGroup
	b.calm.Add(len(restless))
	weather.Go(func() { b.weather(restarts) })
	b.some(ctx, restless, len(restless))
	cancel()
	weather.Wait()
}

// some runs rows, a few at a time.
func (b *bench) some(ctx context.Context, specs []spec, parallel int) {
	total := 0
	for _, s := range specs {
		total += s.weight()
	}
	b.mu.Lock()
	left := b.o.limit - b.kept - time.Since(b.begin)
	b.mu.Unlock()
	for i := range specs {
		specs[i].budget = max(left*time.Duration(min(parallel, len(specs))*specs[i].weight())/time.Duration(total), 20*time.Second)
	}
	todo := make(chan int)
	var workers sync.WaitGroup
	for range min(parallel, len(specs)) {
		workers.Go(func() {
			for i := range todo {
				b.one(ctx, specs[i])
			}
		})
	}
	for i := range specs {
		todo <- i
	}
	close(todo)
	workers.Wait()
}

// one runs a row from beginning to end.
func (b *bench) one(ctx context.Context, s spec) {
	if b.late() || ctx.Err() != nil {
		if s.pass == passAPIServer {
			b.calm.Done()
		}
		b.add(outcome{spec: s, rejected: -1, walked: "not begun: the time was up"})
		return
	}
	begin := time.Now()
	b.mu.Lock()
	b.begun++
	i := b.begun
	b.mu.Unlock()
	s.seed = b.o.seed + s.hash()
	r := &row{spec: s, b: b, begin: begin, rng: rand.New(rand.NewPCG(s.seed, 0)), out: outcome{spec: s, rejected: -1}}
	name := fmt.Sprintf("zg-%s-%s-%s-%d", s.kind, s.mode, s.pass, i)
	if s.pass == passAPIServer {
		name += "-api"
	}
	err := r.set(ctx, filepath.Join(b.dir, name))
	if s.pass == passAPIServer {
		b.calm.Done()
	}
	if err == nil {
		if err = r.drive(ctx); errors.Is(err, errTime) {
			err = nil
		}
		err = errors.Join(err, r.inspect(ctx))
	}
	if err != nil {
		r.fault(err.Error())
	}
	r.clear()
	r.out.took = time.Since(begin)
	b.add(r.out)
}

func (b *bench) add(o outcome) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done = append(b.done, o)
	fmt.Println(line(o))
	for _, t := range append(o.trouble, o.stories...) {
		fmt.Println("    " + strings.ReplaceAll(t, "\n", "\n      "))
	}
}

// keep appends what a controller has said to a file of the row.
func (b *bench) keep(dir, text string) {
	f, err := os.OpenFile(filepath.Join(dir, "controller.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	_, _ = f.WriteString(text + "--- ended\n")
	_ = f.Close()
}

// said is the end of what the controllers say.
func (r *row) said() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []string
	for _, x := range r.replicas {
		if x.process != nil {
			const end = 2500
			text := x.process.Output()
			all = append(all, text[max(0, len(text)-end):])
		}
	}
	return strings.Join(all, "\n---\n")
}

// inspect takes the counts at the end of a row.
func (r *row) inspect(ctx context.Context) error {
	r.crowd.Finish() // whoever is still to be refused
	r.out.counts, r.out.stories = r.crowd.Counts(), r.crowd.Stories()
	c, err := take(ctx, r.mail, r.server.old)
	if err != nil {
		return fmt.Errorf("asking Stalwart at the end: %w", err)
	}
	r.out.bans, r.out.left = c.bans, r.left(c)
	if s := rig.StandIn(r.mail); s != nil {
		r.out.rejected = -r.out.counts.Refused - r.out.counts.RefusedRevoked
		for _, l := range s.Logins() {
			if l.Protocol == "smtp" && !l.OK {
				r.out.rejected++
			}
		}
	}
	return r.until(ctx, "counting the rolls", func(ctx context.Context) string {
		var err error
		if r.out.rolls, r.out.generations, err = r.rolls(ctx); err != nil {
			return err.Error()
		}
		return ""
	})
}
