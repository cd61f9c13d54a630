package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/openova-io/smtp-mirror/internal/outside"
)

// row is what was shown with a server.
type row struct {
	Server     string   `json:"server"`
	Driver     string   `json:"driver"` // who has moved the keys through their stages
	Publisher  string   `json:"publisher"`
	PIN        string   `json:"pin"`
	Rotations  int      `json:"rotations"`
	Mails      int      `json:"mails"`
	Invalid    int      `json:"invalid"`     // no signature holds, at arrival or later
	UnknownKey int      `json:"unknown_key"` // some name server did not know the key
	SPFPass    int      `json:"spf_pass"`
	DKIMPass   int      `json:"dkim_pass"` // both algorithms, at arrival and later
	DMARCPass  int      `json:"dmarc_pass"`
	Later      int      `json:"verified_again"` // days later (simulated)
	TooLate    int      `json:"verified_too_late"`
	TLS        int      `json:"tls"`
	Lost       int      `json:"lost"`
	Selectors  int      `json:"selectors"`
	EarlyKeys  int      `json:"early_keys"` // in use before every name server knew them for as long as their absence may be remembered
	Leaks      int      `json:"leaks"`
	Lies       []string `json:"lies"`
	RotationMS int64    `json:"rotation_ms_p50"`
	Seconds    int      `json:"seconds"`
	Trouble    []string `json:"trouble,omitempty"`
	took       []time.Duration
	samples    []string
}

// count judges everything that has arrived.
func (x *site) count() {
	x.mu.Lock()
	defer x.mu.Unlock()
	r := &x.out
	for _, m := range x.world.MTA.Mails() {
		r.add(m, x.at[m.Subject])
	}
	r.Selectors, r.EarlyKeys = x.early()
	if len(r.took) > 0 {
		r.RotationMS = slices.Sorted(slices.Values(r.took))[len(r.took)/2].Milliseconds()
	}
}

// add counts a mail. One that was under way for longer than a record stays tells
// nothing: a machine that is full makes such mail.
func (r *row) add(m outside.Mail, sent time.Time) {
	r.Mails++
	if sent.IsZero() {
		sent = m.At
	}
	again := !m.Later.At.IsZero()
	if again && m.Later.At.Sub(sent) > retireAfter {
		r.TooLate++
		again = false
	}
	if m.At.Sub(sent) > retireAfter {
		r.Mails--
		return
	}
	bad := func(what string, n *int) {
		*n++
		const most = 5
		if len(r.samples) < most {
			r.samples = append(r.samples, fmt.Sprintf("%s: %s at %s: %s; later: %s", m.Subject, what, m.At.Format(time.StampMilli), problems(m.Arrival), problems(m.Later)))
		}
	}
	if !m.Arrival.Valid() || again && !m.Later.Valid() {
		bad("invalid", &r.Invalid)
	}
	if m.Arrival.Unknown() || again && m.Later.Unknown() {
		bad("unknown key", &r.UnknownKey)
	}
	if m.Arrival.SPF == "pass" {
		r.SPFPass++
	}
	if both(m.Arrival) && (!again || both(m.Later)) {
		r.DKIMPass++
	}
	if m.Arrival.DMARC == "pass" {
		r.DMARCPass++
	}
	if again {
		r.Later++
	}
	if m.TLS != "" {
		r.TLS++
	}
}

// early counts the selectors, and those that were used before every name server knew
// them for the negative TTL.
func (x *site) early() (selectors, early int) {
	seen := map[string]bool{}
	for _, m := range x.world.MTA.Mails() {
		for _, s := range m.Arrival.Signatures {
			if seen[s.Selector] {
				continue
			}
			seen[s.Selector] = true
			if !x.ripe(s, m.At) {
				early++
			}
		}
	}
	return len(seen), early
}

func (x *site) ripe(s outside.Signature, at time.Time) bool {
	name := s.Selector + "._domainkey." + s.Domain
	for _, server := range x.world.Servers {
		since, knew := server.Held(name, "TXT", at)
		if !knew || at.Sub(since) < negative {
			return false
		}
	}
	return true
}

// red says what of a row should not have been.
func (r row) red() []string {
	all := slices.Clone(r.Trouble)
	bad := func(n int, what string) {
		if n != 0 {
			all = append(all, fmt.Sprintf("%d %s", n, what))
		}
	}
	bad(r.Invalid, "mails without a valid signature")
	bad(r.UnknownKey, "mails with a key that the DNS did not know")
	bad(r.Mails-r.SPFPass, "mails without spf=pass")
	bad(r.Mails-r.DKIMPass, "mails without dkim=pass of both algorithms")
	bad(r.Mails-r.DMARCPass, "mails without dmarc=pass")
	bad(r.Mails-r.TLS, "mails in clear")
	bad(r.Lost, "mails lost")
	bad(r.EarlyKeys, "keys that were used too early")
	bad(r.Leaks, "secrets in the log")
	if r.Mails == 0 {
		all = append(all, "no mail has arrived")
	}
	return append(all, r.samples...)
}

func (r row) line() string {
	return fmt.Sprintf("%-28s %-8s %3d rotations %5d mails  invalid %d  unknown key %d  spf %d  dkim %d  dmarc %d  later %d  lost %d  (%ds)\n    published by %s; PIN: %s\n    %s",
		r.Server, r.Driver, r.Rotations, r.Mails, r.Invalid, r.UnknownKey, r.SPFPass, r.DKIMPass, r.DMARCPass, r.Later, r.Lost, r.Seconds, r.Publisher, r.PIN, strings.Join(r.Lies, "; "))
}

// report prints what was missed, writes the JSON, and fails where something is red.
func (b *bench) report() error {
	slices.SortFunc(b.rows, func(x, y row) int { return cmp.Compare(x.Server, y.Server) })
	var bad []string
	mails, rotations := 0, 0
	for _, r := range b.rows {
		for _, what := range r.red() {
			bad = append(bad, r.Server+": "+what)
		}
		mails, rotations = mails+r.Mails, rotations+r.Rotations
		if r.Rotations < b.o.rotations {
			fmt.Printf("  MISSED  %s: %d of %d rotations in the time that there was\n", r.Server, r.Rotations, b.o.rotations)
		}
		if r.TooLate > 0 {
			fmt.Printf("  MISSED  %s: %d mails were verified again too late to tell anything\n", r.Server, r.TooLate)
		}
	}
	if b.o.out != "" {
		if err := write(b.o.out, b.rows); err != nil {
			return err
		}
	}
	if len(bad) > 0 {
		return errors.New(strings.Join(bad, "\n  "))
	}
	fmt.Printf("\nacceptance: GREEN: %d rotations, %d mails, every signature verified; %s\n", rotations, mails, time.Since(b.begin).Round(time.Second))
	return nil
}

func write(path string, rows []row) error {
	text, err := json.MarshalIndent(map[string]any{"rows": rows}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // results are for everybody
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644) //nolint:gosec // the same
}
