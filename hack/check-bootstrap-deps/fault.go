package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// code is a kind of fault, and the exit code that it asks for.
type code int

const (
	fine    code = 0
	drift   code = 1
	unknown code = 2
	cycle   code = 3
	broken  code = 64 // EX_USAGE: there is nothing to compare
)

func (c code) String() string {
	return map[code]string{drift: "drift", unknown: "unknown name", cycle: "cycle", broken: "broken"}[c]
}

// fault is one thing that is wrong: where, with what, and both sides of it.
type fault struct {
	code            code
	file, subject   string
	declared, found string
}

func (f fault) String() string {
	subject := f.subject
	if subject != "" {
		subject += ": "
	}
	return fmt.Sprintf("%v: %s: %sdeclared: %s; found: %s", f.code, f.file, subject, f.declared, f.found)
}

// sorted orders faults by file, so that they can be mended file by file. None is
// said twice.
func sorted(faults []fault) []fault {
	all := slices.SortedFunc(slices.Values(faults), func(a, b fault) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.code, b.code), cmp.Compare(a.subject, b.subject),
			cmp.Compare(a.declared, b.declared), cmp.Compare(a.found, b.found))
	})
	return slices.Compact(all)
}

func worst(faults []fault) code {
	c := fine
	for _, f := range faults {
		c = max(c, f.code)
	}
	return c
}

// say prints what is worth knowing, then the faults, then their number.
func say(w io.Writer, k kit, faults []fault) {
	for _, path := range k.skipped {
		_, _ = fmt.Fprintf(w, "skipped: %s: a slot file is called NN-name.yaml\n", path)
	}
	waiting := deferred(k)
	for _, s := range waiting {
		_, _ = fmt.Fprintf(w, "deferred: slot %d %s has no file\n", s.number, s.name)
	}
	faults = sorted(faults)
	for _, f := range faults {
		_, _ = fmt.Fprintln(w, f)
	}
	_, _ = fmt.Fprintf(w, "check-bootstrap-deps: %d slots listed, %d deferred, %d faults\n", len(k.list.slots), len(waiting), len(faults))
}

// reason is an error on one line, without the path, which the fault names already.
func reason(err error) string {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	}
	return strings.Join(strings.Fields(err.Error()), " ")
}
