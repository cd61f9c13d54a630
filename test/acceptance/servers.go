package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/openova-io/smtp-mirror/internal/rig"
	"github.com/openova-io/smtp-mirror/internal/stalwartproc"
)

// server is one to prove it with.
type server struct {
	name   string // as it is printed
	binary string // "" = the stand-in
	speaks string // version of the stand-in
	old    bool   // 0.15
	seeded bool   // it has the domain, and on 0.16 keys that it has made by itself
	loses  bool   // its volume, in a last rotation
}

// find lists the servers: every real one that is there, and both stand-ins.
func find(o options) ([]server, error) {
	var all []server
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
	all = append(all, server{name: "stand-in 0.16.18", speaks: "0.16.18"}, server{name: "stand-in 0.15.5", speaks: "0.15.5", old: true})
	for i := range all {
		all[i].seeded = !o.byProduct()
		all[i].loses = o.byProduct()
	}
	if o.byProduct() && !o.short {
		all = append(all, server{name: "stand-in 0.16.18, own keys", speaks: "0.16.18", seeded: true})
	}
	all = slices.DeleteFunc(all, func(s server) bool {
		return o.servers != "" && !slices.ContainsFunc(strings.Split(o.servers, ","), func(w string) bool { return strings.Contains(s.name, w) })
	})
	if len(all) == 0 {
		return nil, errors.New("no such server")
	}
	return all, nil
}
