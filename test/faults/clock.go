package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"
)

var errNotRun = errors.New("the walk with another clock failed, or is not there")

// inClock runs a test of the rotation's pure core with a clock of its own: what the
// wall clock is asked for is only what a rotation keeps in the cluster. All else
// measures with the monotonic clock, which does not jump. A process cannot be given
// another wall clock without changing the machine's.
func inClock(test string) func(ctx context.Context) (time.Duration, error) {
	return func(ctx context.Context) (time.Duration, error) {
		cmd := exec.CommandContext(ctx, "go", "test", "-count=1", "-run", "^"+test+"$", "./rotation") //nolint:gosec // our own
		out, err := cmd.CombinedOutput()
		if err != nil || bytes.Contains(out, []byte("no tests to run")) {
			return 0, fmt.Errorf("%w: %s", errors.Join(errNotRun, err), out)
		}
		return 0, nil
	}
}
