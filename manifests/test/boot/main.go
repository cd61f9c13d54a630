package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// inside tells the process that lives in the namespaces its directory.
const inside = "SMTP_MIRROR_BOOT_INSIDE"

func main() {
	stalwart := flag.String("stalwart", os.Getenv("STALWART_BIN"), "the program of a real Stalwart 0.16")
	program := flag.String("smtp-mirror", "", "the program of the controller")
	chart := flag.String("chart", filepath.Join("..", "charts", "stalwart-sovereign"), "the chart")
	keep := flag.Bool("keep", false, "keep what the containers said")
	flag.Parse()
	if err := begin(*stalwart, *program, *chart, *keep); err != nil {
		fmt.Fprintln(os.Stderr, "test-chart-stalwart: RED:", err)
		os.Exit(1)
	}
}

func begin(stalwart, program, chart string, keep bool) error {
	if stalwart == "" || program == "" {
		return errors.New("--stalwart (or STALWART_BIN) and --smtp-mirror are required")
	}
	dir := os.Getenv(inside)
	if dir == "" {
		return enter(keep)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	const limit = 4 * time.Minute
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := isolate(); err != nil {
		return err
	}
	b := &boot{dir: dir, stalwart: stalwart, program: program, chart: chart, begin: time.Now()}
	return errors.Join(b.run(ctx), b.close())
}

// enter runs this program again in a network of its own and with mounts of its own. It
// does not outlive us. Only out here, where none of its mounts is to be seen, may its
// directory be removed: in there the way leads into whatever is mounted.
func enter(keep bool) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "smtp-mirror-boot-")
	if err != nil {
		return err
	}
	c := exec.Command(self, os.Args[1:]...)
	c.Env = append(os.Environ(), inside+"="+dir)
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	if err := c.Run(); err != nil {
		var ended *exec.ExitError
		if errors.As(err, &ended) {
			fmt.Fprintln(os.Stderr, "what the containers said is in", dir)
			os.Exit(ended.ExitCode()) // it has said why
		}
		return fmt.Errorf("entering namespaces (it needs root): %w", err)
	}
	if keep {
		fmt.Println("what the containers said is in", dir)
		return nil
	}
	return os.RemoveAll(dir)
}
