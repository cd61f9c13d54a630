package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// result is what a row has shown.
type result struct {
	Target  string `json:"target"`
	Fault   string `json:"fault"`
	Healed  bool   `json:"healed"`
	HealMS  int64  `json:"heal_ms"`
	Writes  int    `json:"writes"`
	Refused int    `json:"refused"`
	Leaks   int    `json:"leaks"`

	server string
	order  int
	goal   time.Duration
	bad    []string // why it is red
}

func (r result) missed() bool {
	return r.Healed && r.goal > 0 && time.Duration(r.HealMS)*time.Millisecond > r.goal
}

// report collects the rows as they end.
type report struct {
	part bool // not the whole table: nothing is written to disk

	mu   sync.Mutex
	rows []result
}

func (p *report) add(r result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rows = append(p.rows, r)
	verdict := "healed"
	if !r.Healed {
		verdict = "NOT HEALED"
	}
	fmt.Printf("%-18s %-58s %-7s %6d ms %3d writes %2d refused %d leaks", r.Target, r.Fault, verdict, r.HealMS, r.Writes, r.Refused, r.Leaks)
	if r.missed() {
		fmt.Printf("  MISSED: more than %s", r.goal)
	}
	for _, why := range r.bad {
		fmt.Printf("  RED: %s", why)
	}
	fmt.Println()
}

// close prints the last line, writes the file, and fails where a row is red.
func (p *report) close(took time.Duration) error {
	slices.SortFunc(p.rows, func(a, b result) int { return a.order - b.order })
	healed, leaks, missed, red := 0, 0, 0, 0
	for _, r := range p.rows {
		leaks += r.Leaks
		if r.Healed {
			healed++
		}
		if r.missed() {
			missed++
		}
		if len(r.bad) > 0 {
			red++
		}
	}
	fmt.Printf("test-faults: %d rows, %d healed, %d leaks, %d missed in %.0f s\n", len(p.rows), healed, leaks, missed, took.Seconds())
	if len(p.rows) == 0 {
		return errors.New("no row has that name")
	}
	var err error
	if !p.part {
		err = p.write(filepath.Join("bench", "faults.json"))
	}
	if red > 0 {
		err = errors.Join(err, fmt.Errorf("%d of %d rows are red", red, len(p.rows)))
	}
	return err
}

func (p *report) write(file string) error {
	var servers []string
	for _, r := range p.rows {
		if r.server != "" && !slices.Contains(servers, r.server) {
			servers = append(servers, r.server)
		}
	}
	slices.Sort(servers)
	text, err := json.MarshalIndent(map[string]any{"rows": p.rows, "servers": servers}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644) //nolint:gosec // results are for everybody
}
