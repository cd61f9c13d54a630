package stalwartproc

import (
	"errors"
	"testing"
)

func TestDecode(t *testing.T) {
	refusals := map[string]string{
		"object not created": `{"methodResponses":[["x:Domain/set",{"notCreated":{"d":{"type":"primaryKeyViolation"}}},"0"]]}`,
		"object not updated": `{"methodResponses":[["x:Asn/set",{"notUpdated":{"singleton":{"type":"invalidPatch"}}},"0"]]}`,
		"method refused":     `{"methodResponses":[["error",{"type":"forbidden"},"0"]]}`,
		"no answer":          `{"methodResponses":[]}`,
	}
	for name, answer := range refusals {
		if _, err := decode([]byte(answer)); !errors.Is(err, errRefused) {
			t.Errorf("%s: got %v, want errRefused", name, err)
		}
	}
	r, err := decode([]byte(`{"methodResponses":[["x:Domain/set",{"created":{"d":{"id":"b"}}},"0"]]}`))
	if err != nil || r.Created["d"].ID != "b" {
		t.Errorf("got %+v, %v", r, err)
	}
}
