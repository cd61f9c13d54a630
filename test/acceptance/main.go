package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/openova-io/smtp-mirror/internal/rig"
)

// options are the flags.
type options struct {
	rotations int // per server
	parallel  int // rows at a time
	limit     time.Duration
	servers   string
	driver    string
	out       string
	short     bool
}

// byProduct reports whether the controller rotates.
func (o options) byProduct() bool { return o.driver == "" || o.driver == "product" }

// day is how long a simulated day is: what takes a moment must be short beside it.
const day = 2 * time.Second

// The life of a key, as in the default configuration but for rotateEvery, and how late
// a receiver verifies.
const (
	retireAfter = 7 * day
	deleteAfter = 10 * day    // after it is made
	verified    = 3 * day     // after it has arrived
	negative    = time.Second // how long receivers may remember that there is no record
)

func main() {
	var o options
	flag.IntVar(&o.rotations, "rotations", 50, "rotations on each server")
	flag.IntVar(&o.parallel, "parallel", 3, "installations at a time")
	flag.DurationVar(&o.limit, "limit", 20*time.Minute, "of all rows, after which no rotation begins")
	flag.StringVar(&o.servers, "servers", "", "only servers whose names contain one of these, with commas")
	flag.StringVar(&o.driver, "driver", "", "who rotates: product (which is the default), hand, or naive (0.16), which must go red")
	flag.StringVar(&o.out, "out", "", "where the rows are written; default bench/dkim.json, and with -short nowhere")
	flag.BoolVar(&o.short, "short", false, "a few rotations of everything, in 2 minutes")
	flag.Parse()
	if o.short {
		o.rotations, o.limit = min(o.rotations, 8), min(o.limit, 55*time.Second)
	} else {
		o.out = cmp.Or(o.out, filepath.Join("bench", "dkim.json"))
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	err := prove(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "acceptance: RED:", err)
		os.Exit(1)
	}
}

// bench runs rows side by side.
type bench struct {
	o      options
	dir    string
	binary string
	plane  *rig.Plane
	begin  time.Time
	budget time.Duration // of a row

	mu   sync.Mutex
	rows []row
}

// prove runs everything, prints and writes what was seen, and fails where it should
// not have been.
func prove(ctx context.Context, o options) (err error) {
	servers, err := find(o)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "smtp-mirror-acceptance-")
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
	fmt.Printf("acceptance: %d servers, %d at a time, up to %d rotations on each\n", len(servers), o.parallel, o.rotations)
	if b.binary, err = rig.Build(ctx, dir); err != nil {
		return err
	}
	b.plane, err = rig.StartPlane(ctx, filepath.Join(dir, "control-plane"), false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.plane.Close()) }()
	b.all(ctx, servers)
	return b.report()
}

// all runs a row for each server, a few at a time.
func (b *bench) all(ctx context.Context, servers []server) {
	b.budget = b.o.limit * time.Duration(min(b.o.parallel, len(servers))) / time.Duration(len(servers))
	todo := make(chan int)
	var workers sync.WaitGroup
	for range min(b.o.parallel, len(servers)) {
		workers.Go(func() {
			for i := range todo {
				b.add(b.one(ctx, servers[i], i))
			}
		})
	}
	for i := range servers {
		todo <- i
	}
	close(todo)
	workers.Wait()
}

func (b *bench) add(r row) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rows = append(b.rows, r)
	fmt.Println(r.line())
}
