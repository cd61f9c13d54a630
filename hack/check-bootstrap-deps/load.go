package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
)

// slotName is NN-name.yaml. A kit may grow beyond 99 slots.
var slotName = regexp.MustCompile(`^([0-9]{2,})-.+\.yaml$`)

// almost is a name that was probably meant to be one of a slot file.
var almost = regexp.MustCompile(`^[0-9].*\.ya?ml$`)

// load reads the list and the kit. It goes on after a file that is broken, so that
// all of them are named.
func load(o options) (kit, []fault) {
	var k kit
	text, err := os.ReadFile(o.expected)
	if err == nil {
		k.list, err = parseList(o.expected, text)
	}
	faults := unreadable(nil, o.expected, err)
	entries, err := os.ReadDir(o.kit)
	faults = unreadable(faults, o.kit, err)
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		number, ok := slotNumber(e.Name())
		if !ok {
			if almost.MatchString(e.Name()) {
				k.skipped = append(k.skipped, filepath.Join(o.kit, e.Name()))
			}
			continue
		}
		f, err := readSlot(filepath.Join(o.kit, e.Name()), number)
		faults = unreadable(faults, f.path, err)
		k.files = append(k.files, f)
	}
	return k, faults
}

func readSlot(path string, number int) (slotFile, error) {
	f := slotFile{path: path, number: number, broken: true}
	text, err := os.ReadFile(path)
	if err != nil {
		return f, err
	}
	f.releases, err = parseSlot(text)
	f.broken = err != nil
	return f, err
}

func slotNumber(name string) (int, bool) {
	m := slotName.FindStringSubmatch(name)
	if m == nil {
		return 0, false
	}
	n, err := strconv.Atoi(m[1])
	return n, err == nil
}

// unreadable adds what is wrong with a file, which may be several things.
func unreadable(faults []fault, path string, err error) []fault {
	if several, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // only what errors.Join has made
		for _, err := range several.Unwrap() {
			faults = unreadable(faults, path, err)
		}
		return faults
	}
	if err == nil {
		return faults
	}
	return append(faults, fault{code: broken, file: path, declared: "a file that can be read", found: reason(err)})
}
