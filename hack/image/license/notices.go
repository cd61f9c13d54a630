package license

import (
	"fmt"
	"slices"
	"strings"
)

// NoAssertion is SPDX's word for a licence that nobody has named.
const NoAssertion = "NOASSERTION"

// Expression joins licences as SPDX writes it.
func Expression(ids []string) string {
	if len(ids) == 0 {
		return NoAssertion
	}
	return strings.Join(ids, " AND ")
}

// All is every licence that occurs in modules, sorted.
func All(modules []Module) []string {
	var ids []string
	for _, m := range modules {
		ids = append(ids, m.IDs...)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Unknown names the modules whose licence no text told.
func Unknown(modules []Module) []string {
	var paths []string
	for _, m := range modules {
		if len(m.IDs) == 0 {
			paths = append(paths, m.Path)
		}
	}
	return paths
}

const ruler = "================================================================================\n"

// Notices is the text that goes with a binary: everything that its modules demand
// to be passed on, word for word.
func Notices(program string, modules []Module) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s contains the following software, each under the licence that follows it.\n\n", program)
	for _, m := range modules {
		fmt.Fprintf(&b, "  %s %s (%s)\n", m.Path, m.Version, Expression(m.IDs))
	}
	for _, m := range modules {
		for _, f := range m.Files {
			fmt.Fprintf(&b, "\n%s%s %s: %s\n%s\n%s\n", ruler, m.Path, m.Version, f.Name, ruler, strings.TrimRight(f.Text, "\n"))
		}
	}
	return b.String()
}
