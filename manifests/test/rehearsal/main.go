//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"

	"github.com/openova-io/smtp-mirror/manifests/test/machine"
)

// settings are what the command is given.
type settings struct {
	stalwart, program, standin, charts string
	acts                               string
	keep                               bool
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == consoleCommand {
		os.Exit(console())
	}
	var s settings
	flag.StringVar(&s.stalwart, "stalwart", os.Getenv("STALWART_BIN"), "the program of a real Stalwart 0.16; default: the stand-in")
	flag.StringVar(&s.program, "smtp-mirror", "", "the program of the controller, required")
	flag.StringVar(&s.standin, "stand-in", "", "the program of the stand-in for Stalwart")
	flag.StringVar(&s.charts, "charts", "../charts", "the directory of the charts")
	flag.StringVar(&s.acts, "acts", "", "which acts, with commas between; default: all")
	flag.BoolVar(&s.keep, "keep", false, "keep what the containers said")
	flag.Parse()
	os.Exit(s.main())
}

func (s settings) main() int {
	if machine.Dir() == "" {
		code, err := machine.Enter(s.keep)
		if errors.Is(err, machine.ErrNoNamespaces) {
			fmt.Println("rehearsal: NOT SHOWN:", err)
			return 0
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "rehearsal:", err)
		}
		return code
	}
	slog.SetDefault(slog.New(slog.DiscardHandler)) // Helm tells of links, and
	klog.SetLogger(logr.Discard())                 // client-go of watches that end
	if err := errors.Join(machine.Isolate(), s.run()); err != nil {
		fmt.Fprintln(os.Stderr, "rehearsal: RED:", err)
		return 1
	}
	return 0
}

// acts are in the order in which they are played.
func acts() []act {
	return []act{{"sovereign", sovereign}, {"own", own}, {"migrate", migrate}, {"tls", overTLS}, {"sidecar", sidecar}}
}

type act struct {
	name string
	play func(ctx context.Context, s *stage) error
}

func (s settings) run() error {
	if s.program == "" || s.stalwart == "" && s.standin == "" {
		return errors.New("--smtp-mirror is required, and --stalwart or --stand-in")
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	begin := time.Now()
	l := ledger{granted: map[string]bool{}, used: map[string]bool{}}
	for _, a := range acts() {
		if s.acts != "" && !slices.Contains(strings.Split(s.acts, ","), a.name) {
			continue
		}
		if err := s.play(ctx, a, l); err != nil {
			return fmt.Errorf("%s: %w", a.name, err)
		}
	}
	if err := l.idle(); err != nil && s.acts == "" {
		return err
	}
	fmt.Printf("rehearsal: GREEN in %.0f s, with %s\n", time.Since(begin).Seconds(), s.server())
	return nil
}

// server says what Stalwart is.
func (s settings) server() string {
	if s.stalwart == "" {
		return "the stand-in for Stalwart 0.16"
	}
	return "a real Stalwart, " + s.stalwart
}

// limit bounds an act.
const limit = 6 * time.Minute

func (s settings) play(ctx context.Context, a act, l ledger) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	fmt.Printf("-- %s\n", a.name)
	stage, err := s.set(ctx, a.name, l)
	if err == nil {
		err = a.play(ctx, stage)
	}
	if err == nil {
		err = stage.judge()
	}
	return errors.Join(err, stage.close())
}
