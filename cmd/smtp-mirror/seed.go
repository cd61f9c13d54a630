package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/openova-io/smtp-mirror/seed"
)

// seedPatience is how long Stalwart may take in recovery mode, unless it is told otherwise.
const seedPatience = 2 * time.Minute

// seedStalwart is the command seed: it needs no cluster and no configuration of the controller.
func seedStalwart(ctx context.Context, args []string, stderr io.Writer) int {
	set := flag.NewFlagSet("smtp-mirror seed", flag.ContinueOnError)
	set.SetOutput(stderr)
	file := set.String("config", "", "`file` that says what to seed (YAML), required")
	port := set.Int("port", 8080, "of Stalwart's HTTP listener in recovery mode")
	timeout := set.Duration("timeout", seedPatience, "how long it may take")
	err := set.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err == nil && (*file == "" || set.NArg() == 0) {
		err = errors.New("--config FILE and, after --, the command of Stalwart are required")
	}
	var wish seed.Wish
	if err == nil {
		wish, err = seed.Load(*file)
	}
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "smtp-mirror seed: %v\n", err)
		return exitUsage
	}
	ctx, cancel := context.WithTimeout(ctx, *timeout)
	defer cancel()
	log := slog.New(slog.NewJSONHandler(stderr, nil))
	begin := time.Now()
	if err := seed.Run(ctx, seed.Options{Wish: wish, Command: set.Args(), Port: *port, Log: log}); err != nil {
		log.Error("Stalwart is not seeded", "err", err.Error())
		return exitError
	}
	log.Info("Stalwart is ready for its start", "took", time.Since(begin).Round(time.Millisecond).String())
	return exitOK
}

// copySelf is the command copy: it puts this program where a container of another image
// finds it. An image from scratch has nothing else that could.
func copySelf(args []string, stderr io.Writer) int {
	if len(args) != 1 || !filepath.IsAbs(args[0]) {
		_, _ = fmt.Fprintln(stderr, "usage: smtp-mirror copy /FILE")
		return exitUsage
	}
	if err := copyTo(args[0]); err != nil {
		_, _ = fmt.Fprintf(stderr, "smtp-mirror copy: %v\n", err)
		return exitError
	}
	return exitOK
}

func copyTo(target string) (err error) {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	from, err := os.Open(self) //nolint:gosec // this program
	if err != nil {
		return fmt.Errorf("reading this program: %w", err)
	}
	defer func() { _ = from.Close() }()
	to, err := os.CreateTemp(filepath.Dir(target), ".smtp-mirror-*")
	if err != nil {
		return fmt.Errorf("writing the copy: %w", err)
	}
	_, err = io.Copy(to, from)
	err = errors.Join(err, to.Chmod(0o555), to.Close()) //nolint:gosec,mnd // a program is for everybody
	if err == nil {
		err = os.Rename(to.Name(), target) // at once: somebody may be running the old one
	}
	if err != nil {
		_ = os.Remove(to.Name())
		return fmt.Errorf("writing the copy: %w", err)
	}
	return nil
}
