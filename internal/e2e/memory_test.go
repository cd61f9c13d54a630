package e2e

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/openova-io/smtp-mirror/internal/stalwarttest"
)

// peak is the most memory that a process has ever held, in MiB.
func peak(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skipf("the memory of a process cannot be read on this system: %v", err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")))
			must(t, err)
			return kib >> 10
		}
	}
	t.Skip("the kernel tells no peak")
	return 0
}

// TestHugeAnswers: every answer is 64 MiB; none of them is ever held in full.
func TestHugeAnswers(t *testing.T) {
	t.Parallel()
	s := newSite(t, layout{})
	p := s.start()
	s.settled()
	before := peak(t, p.PID())
	for range 5 {
		s.weather("huge JSON", storm{stalwarttest.Fault{Kind: stalwarttest.HugeJSON}, "StalwartAnswersStrangely", "MiB"})
	}
	after := peak(t, p.PID())
	t.Logf("peak memory: %d MiB before, %d MiB after", before, after)
	if after-before > 64 {
		t.Errorf("the peak grew from %d to %d MiB, by more than one answer", before, after)
	}
}
