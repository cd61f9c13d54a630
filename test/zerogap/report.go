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
)

// record is one row of the JSON: everything that was shown of a kind with a server.
type record struct {
	Server             string     `json:"server"`
	Kind               string     `json:"kind"`
	Rotations          int        `json:"rotations"`
	Logins             int        `json:"logins"`
	Refused            int        `json:"refused"`
	RefusedOutside     int        `json:"refused_outside_downtime"`
	RefusedRevoked     int        `json:"refused_revoked"`
	Throttled          int        `json:"throttled"`
	Broken             int        `json:"broken"`
	Unreachable        int        `json:"unreachable"`
	GenerationsLeft    int        `json:"generations_left"`
	RollsPerGeneration float64    `json:"rolls_per_generation"`
	Bans               int        `json:"bans"`
	Kills              int        `json:"kills"`
	Restarts           int        `json:"stalwart_restarts"`
	Injected           int        `json:"faults_injected"`
	Rejected           int        `json:"controller_logins_rejected"` // -1: not known of a real server
	FirstBytesMS       [2]float64 `json:"first_bytes_ms"`             // p50 and most, of undisturbed rotations
	AtRestMS           [2]float64 `json:"at_rest_ms"`
	WritesPerStep      float64    `json:"api_writes_per_step"`
	CallsPerStep       float64    `json:"stalwart_calls_per_step"`
	Passes             []string   `json:"passes"`
}

// red says what of a row should not have been.
func (o outcome) red() []string {
	all := slices.Clone(o.trouble)
	bad := func(what string, n int) {
		if n != 0 {
			all = append(all, fmt.Sprintf("%d %s", n, what))
		}
	}
	bad("logins refused", o.counts.RefusedOutside)
	bad("logins throttled", o.counts.Throttled)
	bad("bans", o.bans)
	if o.spec.server.binary == "" {
		bad("logins broken on the way", o.counts.Broken) // a debug build of the real one panics in them
	}
	if o.rotations == 0 || o.spec.naive {
		return all
	}
	if o.left != 1 {
		all = append(all, fmt.Sprintf("%d generations left at rest", o.left))
	}
	if o.rolls != o.generations {
		all = append(all, fmt.Sprintf("%d rolls for %d generations", o.rolls, o.generations))
	}
	return all
}

// line tells a row.
func line(o outcome) string {
	n := o.counts
	text := fmt.Sprintf("%-46s %4d rotations %6d logins  refused %d", o.spec, o.rotations, n.Logins, n.RefusedOutside)
	for _, x := range []struct {
		n    int
		what string
	}{{n.Refused - n.RefusedOutside, "refused in downtime"}, {n.RefusedRevoked, "refused with what was revoked"}, {n.Throttled, "throttled"}, {n.Broken, "broken"}, {n.Unreachable, "unreachable"},
		{o.kills, "kills"}, {o.restarts, "restarts of Stalwart"}, {o.injected, "faults"}} {
		if x.n > 0 {
			text += fmt.Sprintf(", %d %s", x.n, x.what)
		}
	}
	if o.walked != "" {
		text += ", " + o.walked
	}
	return fmt.Sprintf("%s, rolls %d/%d (%s)", text, o.rolls, o.generations, o.took.Round(time.Second))
}

// report prints the table, writes the JSON, and fails where something is red.
func (b *bench) report() error {
	slices.SortStableFunc(b.done, func(x, y outcome) int {
		return cmp.Or(strings.Compare(x.spec.server.name, y.spec.server.name), strings.Compare(x.spec.kind, y.spec.kind))
	})
	var records []record
	var bad []string
	for rest := b.done; len(rest) > 0; {
		first := rest[0].spec
		n := slices.IndexFunc(rest, func(o outcome) bool { return o.spec.server != first.server || o.spec.kind != first.kind })
		if n < 0 {
			n = len(rest)
		}
		records = append(records, sum(rest[:n]))
		for _, o := range rest[:n] {
			for _, what := range o.red() {
				text, _, _ := strings.Cut(what, "\n")
				bad = append(bad, o.spec.String()+": "+text)
			}
		}
		rest = rest[n:]
	}
	table(records)
	if b.o.order != "naive" {
		goals(records, b.done)
	}
	for _, o := range b.done {
		if o.rotations == 0 && len(o.trouble) == 0 {
			fmt.Printf("  NOT SHOWN: %s: %s\n", o.spec, o.walked)
		}
	}
	if err := write(b.o.out, records, b.o.seed); err != nil {
		return err
	}
	logins, rotations := 0, 0
	for _, r := range records {
		logins, rotations = logins+r.Logins, rotations+r.Rotations
	}
	if len(bad) > 0 {
		return errors.New(strings.Join(bad, "\n  "))
	}
	if rotations == 0 {
		return errors.New("nothing was rotated")
	}
	fmt.Printf("\nzerogap: GREEN: %d rotations, %d logins, none refused; %s, seed %d\n", rotations, logins, time.Since(b.begin).Round(time.Second), b.o.seed)
	return nil
}

// sum adds up the rows of a kind with a server.
func sum(rows []outcome) record {
	r := record{Server: rows[0].spec.server.name, Kind: rows[0].spec.kind}
	var first, whole []time.Duration
	var t tally
	rolls, generations := 0, 0
	for _, o := range rows {
		n := o.counts
		r.Rotations, r.Logins, r.Refused, r.RefusedOutside, r.RefusedRevoked = r.Rotations+o.rotations, r.Logins+n.Logins, r.Refused+n.Refused, r.RefusedOutside+n.RefusedOutside, r.RefusedRevoked+n.RefusedRevoked
		r.Throttled, r.Broken, r.Unreachable, r.Bans = r.Throttled+n.Throttled, r.Broken+n.Broken, r.Unreachable+n.Unreachable, r.Bans+o.bans
		r.Kills, r.Restarts, r.Injected = r.Kills+o.kills, r.Restarts+o.restarts, r.Injected+o.injected
		r.GenerationsLeft = max(r.GenerationsLeft, o.left)
		r.Rejected = max(r.Rejected+o.rejected, -1)
		rolls, generations = rolls+o.rolls, generations+o.generations
		for _, c := range o.calls {
			t.puts, t.mail, t.steps = t.puts+c.puts, t.mail+c.mail, t.steps+c.steps
		}
		if o.spec.pass == passAlone {
			first, whole = append(first, o.first...), append(whole, o.whole...)
		}
		r.Passes = append(r.Passes, line(o))
	}
	r.RollsPerGeneration = float64(rolls) / float64(max(generations, 1))
	r.WritesPerStep, r.CallsPerStep = float64(t.puts)/float64(max(t.steps, 1)), float64(t.mail)/float64(max(t.steps, 1))
	r.FirstBytesMS, r.AtRestMS = spread(first), spread(whole)
	return r
}

// spread is the median and the most, in milliseconds.
func spread(all []time.Duration) [2]float64 {
	if len(all) == 0 {
		return [2]float64{}
	}
	all = slices.Sorted(slices.Values(all))
	return [2]float64{float64(all[len(all)/2].Milliseconds()), float64(all[len(all)-1].Milliseconds())}
}

func table(records []record) {
	fmt.Printf("\n%-30s %-7s %9s %8s %8s %8s %8s %9s %6s %6s %5s %6s\n", "server", "kind", "rotations", "logins", "refused", "outside", "revoked", "throttled", "left", "rolls", "bans", "kills")
	for _, r := range records {
		fmt.Printf("%-30s %-7s %9d %8d %8d %8d %8d %9d %6d %6.2f %5d %6d\n", r.Server, r.Kind, r.Rotations, r.Logins, r.Refused, r.RefusedOutside, r.RefusedRevoked, r.Throttled, r.GenerationsLeft, r.RollsPerGeneration, r.Bans, r.Kills)
	}
}

func write(path string, records []record, seed uint64) error {
	text, err := json.MarshalIndent(map[string]any{"rows": records, "seed": seed}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // results are for everybody
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644) //nolint:gosec // the same
}
