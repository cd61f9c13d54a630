package config

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/openova-io/smtp-mirror/mirror"
	"github.com/openova-io/smtp-mirror/submission"
)

func (c *checker) mailAddress(key, value string) {
	_, _, ok := submission.SplitAddress(value)
	c.that(ok, key, "%q is not a mail address", value)
}

func (c *checker) mirror(key string, m Mirror) {
	c.namespace(key+".namespace", m.Namespace)
	c.name(key+".name", m.Name)
	c.that(len(m.Shapes) > 0, key+".shapes", "is empty: nothing would be mirrored")
	for _, s := range m.Shapes {
		c.that(slices.Contains([]mirror.Shape{mirror.ShapeSMTP, mirror.ShapeLegacy, mirror.ShapeEnv}, mirror.Shape(s)), key+".shapes", "%q is none of smtp, legacy, env", s)
	}
	labels, annotations := mirror.ContractMetadata()
	annotations[mirror.AnnotationSource], annotations[mirror.AnnotationGeneration] = "", ""
	for name, value := range m.Labels {
		c.metadataKey(key+".labels", name, labels)
		for _, problem := range validation.IsValidLabelValue(value) {
			c.that(false, key+".labels", "%q: %s", name, problem)
		}
	}
	for name := range m.Annotations {
		c.metadataKey(key+".annotations", name, annotations)
	}
}

func (c *checker) metadataKey(key, name string, taken map[string]string) {
	for _, problem := range validation.IsQualifiedName(name) {
		c.that(false, key, "%q: %s", name, problem)
	}
	_, ours := taken[name]
	c.that(!ours, key, "%q belongs to the contract and cannot be set", name)
}
