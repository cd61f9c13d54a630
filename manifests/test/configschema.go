package charts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/workload"
)

// words are the keys of which only some words are right. The program says the same, but
// only when it starts; the schema says it before anything is installed.
var words = map[string][]string{ //nolint:gochecknoglobals // a constant table
	"stalwart.restart.kind":              {workload.StatefulSet, workload.Deployment},
	"submissions.gate":                   {config.GateLogin, config.GateNone},
	"submissions.credentials":            {config.CredentialsSource, config.CredentialsIssued},
	"submissions.mirrors.shapes":         {"smtp", "legacy", "env"},
	"submissions.mirrors.consumers.kind": workload.Kinds(),
	"dkim.manage":                        {config.ManageObserve, config.ManageRotate},
	"dkim.algorithms":                    {"rsa2048", "ed25519"},
	"dns.spf.policy":                     {"-all", "~all", "?all"},
	"dns.dmarc.policy":                   {"none", "quarantine", "reject"},
	"dns.mtaSTS.mode":                    {"none", "testing", "enforce"},
}

// forms are how texts must look where the program takes no others. Empty is a default, and
// a template is looked at when it is rendered.
var forms = map[string]string{ //nolint:gochecknoglobals // a constant table
	"domain":                    `^[^\s@/:.]+(\.[^\s@/:.]+)+$`,
	"stalwart.url":              `^https?://[^\s/]+`,
	"http.address":              `:[0-9]{1,5}$`,
	"submissions.probe.address": `:[0-9]{1,5}$`,
}

// duration is Go's notation.
const duration = `^(0|([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+)$`

// shaped is a text of a form.
func shaped(form string) map[string]any {
	s := typed("string")
	s["pattern"] = `^$|\{\{|` + form
	return s
}

// ConfigSchema is the JSON schema of the program's configuration, from its types: no
// unknown keys, and the right kind of value for each. Every value may be null or, where
// a word is asked for, a template.
func ConfigSchema() map[string]any {
	return schemaOf(reflect.TypeFor[config.Config](), "")
}

func schemaOf(t reflect.Type, path string) map[string]any {
	switch {
	case t.Kind() == reflect.Pointer:
		return schemaOf(t.Elem(), path)
	case t == reflect.TypeFor[config.Duration]():
		return shaped(duration)
	case t.Kind() == reflect.Struct:
		return structSchema(t, path)
	case t.Kind() == reflect.Slice:
		s := typed("array")
		s["items"] = schemaOf(t.Elem(), path)
		return s
	case t.Kind() == reflect.Map:
		s := typed("object")
		s["additionalProperties"] = map[string]any{"type": "string"}
		return s
	case t.Kind() == reflect.Bool:
		return typed("boolean")
	case words[path] != nil:
		return oneOf(words[path])
	case forms[path] != "":
		return shaped(forms[path])
	default:
		return typed("string")
	}
}

func structSchema(t reflect.Type, path string) map[string]any {
	properties := map[string]any{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name == "-" || name == "" {
			continue
		}
		properties[name] = schemaOf(t.Field(i).Type, strings.TrimPrefix(path+"."+name, "."))
	}
	s := typed("object")
	s["additionalProperties"], s["properties"] = false, properties
	return s
}

// typed allows null too: it is how a value of a parent chart is taken back.
func typed(name string) map[string]any { return map[string]any{"type": []string{name, "null"}} }

// oneOf leaves an empty string to the program, which takes it for its default in the
// elements of lists.
func oneOf(words []string) map[string]any {
	all := []any{nil, ""}
	for _, w := range words {
		all = append(all, w)
	}
	return map[string]any{"enum": all}
}

// Schema puts the configuration's part into a values.schema.json.
func Schema(text []byte) ([]byte, error) {
	var schema map[string]any
	if err := json.Unmarshal(text, &schema); err != nil {
		return nil, fmt.Errorf("parsing the schema: %w", err)
	}
	schema["$defs"] = map[string]any{"config": ConfigSchema()}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(schema); err != nil {
		return nil, fmt.Errorf("encoding the schema: %w", err)
	}
	return out.Bytes(), nil
}
