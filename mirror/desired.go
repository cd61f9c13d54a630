package mirror

import (
	"encoding/base64"
	"maps"
	"strconv"

	"k8s.io/apimachinery/pkg/types"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/submission"
)

// Wish is what the configuration says about a target.
type Wish struct {
	Shapes      []Shape
	Labels      map[string]string // beside the contract's
	Annotations map[string]string
}

// Desired is the part of the target that is ours.
type Desired struct {
	Data        map[string][]byte
	Labels      map[string]string
	Annotations map[string]string // without the generation, which depends on what is observed
	Written     int64             // generation under which these very fields were written or seen before; 0 = not known
	Absent      []string          // keys that must not be there
	Event       string            // reason of the write's Event; "" = [ChangedMirror]

	seed redact.Secret // the bytes of phase 1 that Data is; empty = our own relay's
}

// Desire computes our part of the target.
func Desire(c submission.Credentials, source types.UID, w Wish) Desired {
	fields := map[string]string{
		submission.KeyHost: c.Host, submission.KeyPort: strconv.Itoa(int(c.Port)), submission.KeyFrom: c.From,
		submission.KeyUser: c.User, submission.KeyPass: c.Password.Reveal(),
	}
	d := Desired{Data: map[string][]byte{}, Labels: map[string]string{}, Annotations: map[string]string{}}
	for _, shape := range w.Shapes {
		for key, field := range shapeKeys(shape) {
			d.Data[key] = []byte(fields[field])
		}
	}
	labels, annotations := ContractMetadata()
	maps.Copy(d.Labels, w.Labels)
	maps.Copy(d.Labels, labels)
	maps.Copy(d.Annotations, w.Annotations)
	maps.Copy(d.Annotations, annotations)
	d.Annotations[AnnotationSource] = string(source)
	return d
}

// scrub takes the password out of a text of somebody else's, plain and as the
// Secret's JSON has it.
func (d Desired) scrub(text string) string {
	for _, key := range []string{submission.KeyPass, "password", "SMTP_PASS"} {
		text = redact.Scrub(text, redact.New(string(d.Data[key])), redact.New(base64.StdEncoding.EncodeToString(d.Data[key])))
	}
	return text
}
