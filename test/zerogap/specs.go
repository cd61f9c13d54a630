package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/openova-io/smtp-mirror/internal/rig"
	"github.com/openova-io/smtp-mirror/internal/stalwartproc"
)

// find lists the servers: both stand-ins, and every real one that is there.
func find(o options) ([]server, error) {
	all := []server{{name: "stand-in 0.16.18", speaks: "0.16.18"}, {name: "stand-in 0.15.5", speaks: "0.15.5", old: true}}
	bins := strings.FieldsFunc(os.Getenv("STALWART_BINS"), func(c rune) bool { return c == ',' || c == ':' || c == ' ' })
	if len(bins) == 0 && rig.FindStalwart() != "" {
		bins = []string{rig.FindStalwart()}
	}
	for _, bin := range bins {
		generation, version, err := stalwartproc.Generation(bin)
		if err != nil {
			return nil, err
		}
		words := strings.Fields(version)
		if len(words) == 0 {
			return nil, fmt.Errorf("%s does not say what it is", bin)
		}
		name := "real " + words[len(words)-1]
		if generation == stalwartproc.Generation015 {
			name += " (API of 0.15)"
		}
		all = append(all, server{name: name, binary: bin, old: generation == stalwartproc.Generation015})
	}
	all = slices.DeleteFunc(all, func(s server) bool { return !wanted(o.servers, s.name) })
	if len(all) == 0 {
		return nil, errors.New("no such server")
	}
	return all, nil
}

// wanted reports whether a name contains one of the words; no words want all.
func wanted(words, name string) bool {
	if words == "" {
		return true
	}
	return slices.ContainsFunc(strings.Split(words, ","), func(w string) bool { return strings.Contains(name, w) })
}

// specs are the rows, those that take longest first.
func (b *bench) specs(servers []server) []spec {
	kinds := []struct{ kind, mode string }{{kindSource, kindSource}, {kindIssued, kindIssued}, {kindAdmin, kindSource}, {kindNow, kindSource}, {kindRevoke, kindIssued}, {kindNow, kindIssued}, {kindRevoke, kindSource}}
	if b.o.order == "naive" {
		kinds = kinds[:1]
	}
	twice := func(kind string) bool { return kind == kindNow || kind == kindRevoke } // in both modes
	var all []spec
	for _, s := range servers {
		for _, k := range kinds {
			all = append(all, b.of(s, k.kind, k.mode, twice(k.kind))...)
		}
	}
	all = slices.DeleteFunc(all, func(s spec) bool {
		return b.o.kinds != "" && !slices.Contains(strings.Split(b.o.kinds, ","), s.kind) || b.o.passes != "" && !slices.Contains(strings.Split(b.o.passes, ","), s.pass)
	})
	slices.SortStableFunc(all, func(x, y spec) int { return y.weight() - x.weight() })
	return all
}

// weight is about how many seconds a row takes.
func (s spec) weight() int {
	seconds := 6
	if !s.server.old && s.mode == kindSource {
		seconds = 10 // two generations
	}
	n := s.rotations
	switch s.pass {
	case passCalls:
		n, seconds = spacing*s.laps/s.of, 2*seconds
	case passWrites:
		n = 12
	}
	if s.server.binary != "" {
		seconds *= 3
	}
	return n * seconds
}

// share is how many of two hundred rotations a pass gets.
type share struct {
	pass      string
	rotations int
	rows      int
}

// The shares of 200. The walks come to their end by themselves.
var (
	shares = []share{{passCalls, 24, 1}, {passKills, 50, 1}, {passOverlapping, 52, 1}, {passAlone, 30, 1}, {passStalwart, 16, 1}, {passWrites, 12, 1}, {passAPIServer, 10, 1}, {passLeader, 6, 1}} //nolint:gochecknoglobals // a constant table
	onReal = []share{{passMixed, 200, 1}}                                                                                                                                                          //nolint:gochecknoglobals // a constant table
)

// of are the rows of a kind on a server; half of each where there are two modes.
func (b *bench) of(sv server, kind, mode string, half bool) []spec {
	list, total := shares, b.o.rotations
	switch {
	case b.o.order == "naive":
		list, total = []share{{passAlone, 200, 1}}, 6
	case sv.binary != "":
		list, total = onReal, b.o.real
	}
	if b.o.short {
		list, total = []share{{passMixed, 200, 1}}, 5
		if sv.binary != "" {
			total = 2
		}
		if sv.binary != "" && kind != kindSource {
			return nil
		}
	}
	if half && len(list) == 1 {
		if (mode == kindSource) == (kind == kindRevoke) {
			return nil // the other mode has to do
		}
		half = false
	}
	if half {
		total = (total + 1) / 2
	}
	var all []spec
	for _, x := range list {
		s := spec{server: sv, kind: kind, mode: mode, pass: x.pass, of: x.rows, step: 1, laps: 1, overlap: 500 * time.Millisecond, naive: b.o.order == "naive", rotations: max(1, (total*x.rotations+199)/200)}
		if kind == kindSource && total >= 200 {
			s.laps, s.of = 4, x.rows // every fault at every call
			if x.pass == passCalls {
				s.of = 2
			}
		}
		if x.pass == passWrites {
			s.rotations = 10_000
		}
		for s.part = range s.of {
			all = append(all, s)
		}
	}
	return all
}
