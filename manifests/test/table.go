package charts

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// row is a value of a chart: its key, what it is by default, what its comment says.
type row struct{ key, value, text string }

// Table is the table of a chart's values in Markdown, from a values.yaml. A comment
// above a key tells what it is for; one above a mapping belongs to its first key, and
// where a comment stands directly above a key whose value is a mapping, that mapping
// is one value.
func Table(text []byte) (string, error) {
	rows, err := rowsOf(text)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	out.WriteString("| value | default | means |\n|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&out, "| `%s` | %s | %s |\n", r.key, r.value, strings.ReplaceAll(r.text, "|", "\\|"))
	}
	return out.String(), nil
}

// Silent lists the values that have no comment.
func Silent(text []byte) ([]string, error) {
	rows, err := rowsOf(text)
	var all []string
	for _, r := range rows {
		if r.text == "" {
			all = append(all, r.key)
		}
	}
	return all, err
}

func rowsOf(text []byte) ([]row, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("parsing the values: %w", err)
	}
	if len(document.Content) == 0 {
		return nil, nil
	}
	return mapping(document.Content[0], ""), nil
}

func mapping(n *yaml.Node, prefix string) []row {
	var rows []row
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		path, text := prefix+key.Value, comment(key.HeadComment, key.LineComment, value.LineComment)
		if value.Kind == yaml.MappingNode && len(value.Content) > 0 && text == "" {
			rows = append(rows, mapping(value, path+".")...)
			continue
		}
		rows = append(rows, row{path, shown(value), text})
	}
	return rows
}

// comment joins the lines of those comments that are there.
func comment(all ...string) string {
	var lines []string
	for _, one := range all {
		for line := range strings.Lines(one) {
			lines = append(lines, strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(line), "#-")))
		}
	}
	return strings.TrimSpace(strings.Join(lines, " "))
}

// shown is a default, where it is short enough for a table.
func shown(n *yaml.Node) string {
	copied := *n
	copied.Style = yaml.FlowStyle
	copied.HeadComment, copied.LineComment, copied.FootComment = "", "", ""
	if n.Kind == yaml.ScalarNode {
		copied.Style = n.Style
	}
	text, err := yaml.Marshal(&copied)
	one := strings.TrimSpace(string(text))
	if err != nil || strings.Contains(one, "\n") || len(one) > 60 {
		return "see values.yaml"
	}
	return "`" + one + "`"
}
