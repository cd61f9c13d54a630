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

// options are the flags.
type options struct {
	rotations, real int // per kind and server: the stand-in, real ones
	parallel        int // rows at a time
	limit           time.Duration
	order           string
	kinds, passes   string
	servers         string
	out             string
	seed            uint64
	short           bool
}

func main() {
	var o options
	flag.IntVar(&o.rotations, "rotations", 100, "rotations per kind on each of the two stand-ins")
	flag.IntVar(&o.real, "real", 20, "rotations per kind on each real server")
	flag.IntVar(&o.parallel, "parallel", 14, "installations at a time")
	flag.DurationVar(&o.limit, "limit", 23*time.Minute, "no rotation begins later than this")
	flag.StringVar(&o.order, "order", "overlap", "overlap, or naive: the controller without an overlap, consumers that roll 3 s late")
	flag.StringVar(&o.kinds, "kinds", "", "only these kinds, with commas")
	flag.StringVar(&o.passes, "passes", "", "only these passes, with commas")
	flag.StringVar(&o.servers, "servers", "", "only servers whose names contain one of these, with commas")
	flag.StringVar(&o.out, "out", filepath.Join("bench", "rotation.json"), "where the rows are written")
	flag.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "of everything that is random")
	flag.BoolVar(&o.short, "short", false, "a few rotations of everything, in 2.5 minutes")
	flag.Parse()
	if o.short {
		o.limit, o.parallel = min(o.limit, 80*time.Second), max(o.parallel, 10)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	err := prove(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "zerogap: RED:", err)
		os.Exit(1)
	}
}

// prove runs everything, prints and writes what was seen, and fails where it should
// not have been.
func prove(ctx context.Context, o options) (err error) {
	servers, err := find(o)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "smtp-mirror-zerogap-")
	if err != nil {
		return err
	}
	b := &bench{o: o, dir: dir, begin: time.Now()}
	defer func() {
		if err == nil {
			_ = os.RemoveAll(dir)
		} else {
			fmt.Println("the controllers' logs are in", dir)
		}
	}()
	rows := b.specs(servers)
	fmt.Printf("zerogap: %d rows, %d at a time, seed %d\n", len(rows), o.parallel, o.seed)
	if b.binary, err = rig.Build(ctx, dir); err != nil {
		return err
	}
	b.plane, err = rig.StartPlane(ctx, filepath.Join(dir, "control-plane"), true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.plane.Close()) }()
	b.all(ctx, rows)
	return b.report()
}
