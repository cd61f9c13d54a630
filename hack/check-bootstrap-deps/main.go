// Command check-bootstrap-deps compares the slots of a bootstrap kit with the list
// of what each is declared to wait for.
//
//	check-bootstrap-deps --kit DIR --expected FILE [--graph text|dot]
//
// A kit is a directory of slot files, NN-name.yaml; Flux installs the HelmReleases in
// them in the order of their dependsOn. An edge that is wrong there is not seen until
// a cluster is made from nothing, so it is declared a second time, in a list, and the
// two must agree: every HelmRelease is listed under the number of its file, and waits
// for exactly what the list says. A slot that is listed and has no file is deferred,
// which is no fault.
//
// Every fault is printed, on stderr, with its file, what was declared and what was
// found; the graph alone is on stdout. The exit code is the highest that applies: 1
// for drift, 2 for a name that nothing declares, 3 for a cycle, 64 for bad usage and
// for a file that cannot be read. (`go run` turns them all into 1 and prints the code.)
//
// Files are read here; what is made of them is pure: [parseSlot] and [parseList] read
// text, [compare] and [cycles] find the faults, [writeText] and [writeDot] draw.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

const usage = `usage: check-bootstrap-deps --kit DIR --expected FILE [--graph text|dot]

  --kit DIR         the directory of the slot files, NN-name.yaml
  --expected FILE   the list: slots: [{slot, name, depends_on, wave}]
  --graph text|dot  draw on stdout what waits for what, as declared and as found

exit: 0 all is as declared; 1 drift; 2 an unknown name; 3 a cycle; the highest that
applies; 64 bad usage, or a file that cannot be read
`

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// options are the flags.
type options struct{ kit, expected, graph string }

func run(args []string, stdout, stderr io.Writer) int {
	o, err := parseFlags(args)
	if errors.Is(err, flag.ErrHelp) {
		_, _ = io.WriteString(stdout, usage)
		return int(fine)
	}
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "check-bootstrap-deps: %v\n%s", err, usage)
		return int(broken)
	}
	k, faults := load(o)
	if k.list.slots != nil {
		faults = append(faults, compare(k)...)
		faults = append(faults, cycles(edges(k))...)
	}
	say(stderr, k, faults)
	switch o.graph {
	case "text":
		writeText(stdout, k)
	case "dot":
		writeDot(stdout, k)
	}
	return int(worst(faults))
}

func parseFlags(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("check-bootstrap-deps", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&o.kit, "kit", "", "")
	f.StringVar(&o.expected, "expected", "", "")
	f.StringVar(&o.graph, "graph", "", "")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	graphGiven := false
	f.Visit(func(g *flag.Flag) { graphGiven = graphGiven || g.Name == "graph" })
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("what is %q?", f.Arg(0))
	case o.kit == "" || o.expected == "":
		return o, errors.New("--kit and --expected are needed")
	case graphGiven && o.graph != "text" && o.graph != "dot":
		return o, fmt.Errorf("--graph is text or dot, not %q", o.graph)
	}
	return o, nil
}
