package stalwarttest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func printList(set string, list map[string]string) {
	byReason := map[string][]string{}
	for name, reason := range list {
		byReason[reason] = append(byReason[reason], name)
	}
	for reason, names := range byReason {
		slices.Sort(names)
		fmt.Printf("not replayed, %s: %s: %s\n", set, reason, strings.Join(names, " "))
	}
}

func shortened(text []byte) string {
	if len(text) > 4000 {
		return string(text[:4000]) + "..."
	}
	return string(text)
}

// allExchanges names every exchange of a set.
func allExchanges(t *testing.T, set string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", set, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings of %s: %v", set, err)
	}
	var out []string
	for _, file := range files {
		for _, r := range load(t, set, strings.TrimSuffix(filepath.Base(file), ".json")) {
			out = append(out, r.name())
		}
	}
	return out
}

func readFile(t *testing.T, set, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", set, file+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}
