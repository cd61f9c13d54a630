package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"k8s.io/klog/v2"

	"github.com/openova-io/smtp-mirror/internal/rig"
)

// lanes is how many rows on the shared control plane are walked at a time: they
// mostly wait. Rows that hit the API server itself have a lane and a control plane
// of their own.
const lanes = 3

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "test-faults:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	begin := time.Now()
	klog.SetSlogLogger(slog.New(slog.DiscardHandler)) // client-go tells every call that our own faults break
	dir, err := os.MkdirTemp("", "smtp-mirror-faults-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	w := &world{dir: dir, real: rig.FindStalwart(), out: &report{}}
	if w.binary, err = rig.Build(ctx, dir); err != nil {
		return err
	}
	if err := w.walkAll(ctx, chosen(w)); err != nil {
		return err
	}
	return errors.Join(ctx.Err(), w.out.close(time.Since(begin)))
}

// chosen are the rows to walk, by the environment.
func chosen(w *world) []row {
	var rows []row
	var absent []string
	only, short := os.Getenv("ROW"), os.Getenv("SHORT") != ""
	count, _ := strconv.Atoi(os.Getenv("COUNT")) // none is one
	w.out.part = only != "" || short || count > 1
	for _, r := range table() {
		switch {
		case !strings.Contains(r.name(), only) || short && r.long && only == "":
		case r.place.real && w.real == "":
			absent = append(absent, r.name()+" (there is no real Stalwart: `make stalwart` installs one, or set STALWART_BIN)")
		case r.place.needs != nil && r.place.needs() != nil:
			absent = append(absent, r.name()+" ("+r.place.needs().Error()+")")
		default:
			rows = append(rows, slices.Repeat([]row{r}, max(count, 1))...)
		}
	}
	for _, name := range absent {
		fmt.Println("left out:", name)
	}
	return rows
}

// walkAll walks the rows of both kinds at the same time, each kind on a control
// plane of its own.
func (w *world) walkAll(ctx context.Context, rows []row) error {
	var shared, alone []row
	for _, r := range rows {
		if r.alone {
			alone = append(alone, r)
		} else {
			shared = append(shared, r)
		}
	}
	var work sync.WaitGroup
	var errs [2]error
	work.Go(func() { errs[0] = w.walkOn(ctx, "shared", true, lanes, shared) })
	work.Go(func() { errs[1] = w.walkOn(ctx, "alone", false, 1, alone) })
	work.Wait()
	return errors.Join(errs[:]...)
}

// walkOn walks rows on one control plane, some at a time.
func (w *world) walkOn(ctx context.Context, name string, pods bool, atOnce int, rows []row) (err error) {
	if len(rows) == 0 {
		return nil
	}
	p, err := w.plane(ctx, name, pods)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	queue := make(chan row)
	var work sync.WaitGroup
	for range atOnce {
		work.Go(func() {
			for r := range queue {
				w.out.add(w.walk(ctx, p, r))
			}
		})
	}
	for _, r := range rows {
		if ctx.Err() == nil {
			queue <- r
		}
	}
	close(queue)
	work.Wait()
	return nil
}
