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
	var all []spec
	for _, s := range servers {
		for _, k := range []string{kindSource, kindIssued} {
			all = append(all, b.of(s, k, k)...)
		}
	}
	return slices.DeleteFunc(all, func(s spec) bool {
		return b.o.kinds != "" && !slices.Contains(strings.Split(b.o.kinds, ","), s.kind) || b.o.passes != "" && !slices.Contains(strings.Split(b.o.passes, ","), s.pass)
	})
}

// share is how much of a kind's rotations a pass gets, in percent; the walks come
// to their end by themselves.
type share struct {
	pass    string
	percent int
	rows    int
	step    int
}

// of are the rows of a kind on a server.
func (b *bench) of(sv server, kind, mode string) []spec {
	shares := []share{{passCalls, 0, 2, 1}, {passWrites, 0, 1, 1}, {passLeader, 4, 1, 0}, {passStalwart, 8, 1, 0}, {passKills, 20, 1, 0}, {passOverlapping, 20, 1, 0}, {passAlone, 15, 1, 0}, {passAPIServer, 5, 1, 0}}
	total := b.o.rotations
	if sv.binary != "" {
		shares = []share{{passWrites, 25, 1, 3}, {passStalwart, 10, 1, 0}, {passKills, 25, 1, 0}, {passOverlapping, 20, 1, 0}, {passAlone, 20, 1, 0}}
		total = b.o.real
	}
	if b.o.order == "naive" {
		shares = []share{{passAlone, 100, 1, 0}}
	}
	var all []spec
	for _, x := range shares {
		for part := range x.rows {
			s := spec{server: sv, kind: kind, mode: mode, pass: x.pass, part: part, of: x.rows, step: max(x.step, 1), overlap: 500 * time.Millisecond,
				naive: b.o.order == "naive", rotations: max(1, total*x.percent/100)}
			if x.percent == 0 {
				s.rotations = 10_000
			}
			all = append(all, s)
		}
	}
	return all
}
