package charts

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// controller is the chart of the controller.
const controller = "manifests/charts/smtp-mirror"

// Generated are the files that are derived, by their names under the repository's root.
// Each is derived from files, never from another derived one.
func Generated(root string) (map[string][]byte, error) {
	schemaFile := controller + "/values.schema.json"
	text, err := os.ReadFile(filepath.Join(root, schemaFile)) //nolint:gosec // the path is a flag
	if err != nil {
		return nil, fmt.Errorf("reading the schema: %w", err)
	}
	schema, err := Schema(text)
	if err != nil {
		return nil, err
	}
	page, err := valuesPage(root)
	if err != nil {
		return nil, err
	}
	files, err := Kustomize(root)
	if err != nil {
		return nil, err
	}
	files[schemaFile], files["docs/values.md"] = schema, page
	return files, nil
}

// Write writes files where they differ.
func Write(root string, files map[string][]byte) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // a directory of the repository
			return fmt.Errorf("making the directory of %s: %w", name, err)
		}
		if err := os.WriteFile(path, files[name], 0o644); err != nil { //nolint:gosec // a file of the repository
			return fmt.Errorf("writing %s: %w", name, err)
		}
	}
	return nil
}

// valuesPage is docs/values.md: a table for every chart that has values.
func valuesPage(root string) ([]byte, error) {
	found, err := filepath.Glob(filepath.Join(root, "manifests", "charts", "*", "values.yaml"))
	if err != nil {
		return nil, fmt.Errorf("looking for charts: %w", err)
	}
	var out strings.Builder
	out.WriteString("# The charts' values\n\nGenerated from the comments in each `values.yaml` by `make manifests`.\n")
	for _, path := range found {
		text, err := os.ReadFile(path) //nolint:gosec // found above
		if err != nil {
			return nil, fmt.Errorf("reading values: %w", err)
		}
		table, err := Table(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		out.WriteString("\n## " + filepath.Base(filepath.Dir(path)) + "\n\n" + table)
	}
	return []byte(out.String()), nil
}
