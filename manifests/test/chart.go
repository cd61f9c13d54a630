package charts

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// Release is what a chart is rendered for.
type Release struct {
	Name, Namespace string
	Values          map[string]any
	Cluster         engine.ClientProvider // who answers lookup; nil: nobody, as with helm template
}

// Rendered is what came out.
type Rendered struct {
	Files map[string]string // by template
	Notes string
}

// Load reads a chart anew: rendering changes it.
func Load(dir string) (*chart.Chart, error) {
	c, err := loader.Load(dir)
	if err != nil {
		return nil, fmt.Errorf("loading %s: %w", dir, err)
	}
	return c, nil
}

// Render renders the chart of a directory.
func Render(dir string, r Release) (*Rendered, error) {
	c, err := Load(dir)
	if err != nil {
		return nil, err
	}
	return RenderChart(c, r)
}

// RenderChart renders a chart that was loaded for this.
func RenderChart(c *chart.Chart, r Release) (*Rendered, error) {
	values := r.Values
	if values == nil {
		values = map[string]any{}
	}
	if err := chartutil.ProcessDependencies(c, values); err != nil {
		return nil, fmt.Errorf("reading the dependencies: %w", err)
	}
	options := common.ReleaseOptions{Name: r.Name, Namespace: r.Namespace, Revision: 1, IsInstall: true}
	top, err := util.ToRenderValues(c, values, options, nil)
	if err != nil {
		return nil, fmt.Errorf("checking the values: %w", err)
	}
	files, err := r.render(c, top)
	if err != nil {
		return nil, fmt.Errorf("rendering: %w", err)
	}
	notes := filepath.ToSlash(filepath.Join(c.Name(), "templates", "NOTES.txt"))
	out := &Rendered{Files: files, Notes: files[notes]}
	maps.DeleteFunc(files, func(name, text string) bool {
		return strings.HasSuffix(name, "NOTES.txt") || strings.TrimSpace(text) == ""
	})
	return out, nil
}

func (r Release) render(c *chart.Chart, top common.Values) (map[string]string, error) {
	if r.Cluster == nil {
		return engine.Render(c, top)
	}
	return engine.RenderWithClientProvider(c, top, r.Cluster)
}

// Text is everything as one stream, in the order of the templates' names.
func (r *Rendered) Text() string {
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(r.Files)) {
		for _, document := range documents(r.Files[name]) {
			out.WriteString("---\n" + strings.Trim(document, "\n") + "\n")
		}
	}
	return out.String()
}

// Objects are the objects, in the same order. A key that stands twice is an error.
func (r *Rendered) Objects() ([]*unstructured.Unstructured, error) {
	var all []*unstructured.Unstructured
	for _, document := range documents(r.Text()) {
		object := &unstructured.Unstructured{}
		if err := yaml.UnmarshalStrict([]byte(document), &object.Object); err != nil {
			return nil, fmt.Errorf("parsing what was rendered: %w\n%s", err, document)
		}
		all = append(all, object)
	}
	return all, nil
}

// documents splits a stream; what is only comment or blank is none.
func documents(text string) []string {
	var all []string
	for document := range strings.SplitSeq("\n"+text, "\n---\n") {
		blank := true
		for line := range strings.Lines(document) {
			line = strings.TrimSpace(line)
			blank = blank && (line == "" || strings.HasPrefix(line, "#"))
		}
		if !blank {
			all = append(all, document)
		}
	}
	return all
}
