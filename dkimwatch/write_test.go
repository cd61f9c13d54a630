package dkimwatch

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/watcher"
)

const document = `{"sovereignFQDN": "example.test",  "unknown": [1,  2],
 "dkim":  {"selector": "dkim", "name": "dkim._domainkey.example.test", "algorithm": "ed25519-sha256", "publicKey": ""}}
`

func newRecord(data map[string]string) (*Record, *configMaps) {
	api := &configMaps{}
	api.put(data)
	return &Record{Domain: "example.test", Namespace: "ns", Name: "records", ConfigMaps: api, ConfigMap: func() (*corev1.ConfigMap, error) { return api.stored, nil }}, api
}

func wish() Desired {
	return Desire("example.test", []stalwart.DKIMKey{key("202401e", ed, "active", 0), key("202401r", rsaType, "active", 0)}, nil)
}

func (f *configMaps) written(t *testing.T) string {
	t.Helper()
	var got struct{ DKIM struct{ PublicKey string } }
	must(t, json.Unmarshal([]byte(f.stored.Data["records.json"]), &got))
	return got.DKIM.PublicKey
}

// TestEditIsIdempotent: what was edited is left to the byte, and what is not
// ours is never touched.
func TestEditIsIdempotent(t *testing.T) {
	for name, data := range map[string]map[string]string{
		"a document": {"records.json": document, "README.md": "# for people\n", "other": "x"},
		"no readme":  {"records.json": document}, "nothing": nil,
	} {
		t.Run(name, func(t *testing.T) {
			observed := &corev1.ConfigMap{Data: data}
			untouched := observed.DeepCopy()
			once, changed, err := Edit(observed, "example.test", wish())
			if err != nil || len(changed) != 2 {
				t.Fatalf("%q, %v", changed, err)
			}
			if twice, again, err := Edit(once, "example.test", wish()); err != nil || len(again) != 0 || twice.Data["records.json"] != once.Data["records.json"] {
				t.Errorf("again: %q, %v", again, err)
			}
			if observed.Data["records.json"] != untouched.Data["records.json"] || once.Data["other"] != data["other"] {
				t.Error("the observed object or a foreign key was modified")
			}
		})
	}
}

// TestAConflictLosesNothing: somebody else writes between our read and our
// write, and both changes are there in the end.
func TestAConflictLosesNothing(t *testing.T) {
	r, api := newRecord(map[string]string{"records.json": document})
	observed := api.stored.DeepCopy()
	api.between = func() {
		api.between = nil
		api.put(map[string]string{"records.json": strings.Replace(document, "[1,  2]", `"theirs"`, 1), "theirs": "y"})
	}
	result, err := r.write(t.Context(), watcher.Result{}, observed, wish())
	if err != nil || len(result.Changes) != 1 || api.updates != 2 {
		t.Fatalf("%d updates, %+v, %v", api.updates, result, err)
	}
	if api.written(t) != "p-202401e" || !strings.Contains(api.stored.Data["records.json"], `"theirs"`) || api.stored.Data["theirs"] != "y" {
		t.Errorf("%v", api.stored.Data)
	}
	if result, err = r.write(t.Context(), watcher.Result{}, api.stored, wish()); err != nil || len(result.Changes) != 0 || api.updates != 2 {
		t.Errorf("again: %+v, %v", result, err)
	}
}

// TestAStaleCacheLosesNothing: the conflict is the proof that it was stale; what
// is already right is not written again.
func TestAStaleCacheLosesNothing(t *testing.T) {
	r, api := newRecord(map[string]string{"records.json": document})
	stale := api.stored.DeepCopy()
	if _, err := r.write(t.Context(), watcher.Result{}, api.stored.DeepCopy(), wish()); err != nil {
		t.Fatal(err)
	}
	before := api.stored.ResourceVersion
	result, err := r.write(t.Context(), watcher.Result{}, stale, wish())
	if err != nil || len(result.Changes) != 0 || api.stored.ResourceVersion != before {
		t.Errorf("%+v, %v", result, err)
	}
}

// TestSomebodyWritesAllTheTime: it ends, as a failure that is retried.
func TestSomebodyWritesAllTheTime(t *testing.T) {
	r, api := newRecord(map[string]string{"records.json": document})
	api.between = func() { api.put(map[string]string{"records.json": document}) }
	_, err := r.write(t.Context(), watcher.Result{}, api.stored.DeepCopy(), wish())
	var hold *watcher.HoldError
	if err == nil || errors.As(err, &hold) || api.updates > 10 {
		t.Errorf("%v after %d updates", err, api.updates)
	}
}

// TestRefusals: each obstacle, its reason, and that nothing was written.
func TestRefusals(t *testing.T) {
	yes := true
	rows := []struct {
		name   string
		change func(r *Record, api *configMaps)
		reason string
	}{
		{"not JSON", func(_ *Record, api *configMaps) { api.put(map[string]string{"records.json": "{"}) }, ReasonRecordsInvalid},
		{"a list", func(_ *Record, api *configMaps) { api.put(map[string]string{"records.json": "[]"}) }, ReasonRecordsInvalid},
		{"immutable", func(_ *Record, api *configMaps) { api.stored.Immutable = &yes }, ReasonRecordsImmutable},
		{"the right is missing", func(_ *Record, api *configMaps) {
			api.refuse = apierrors.NewForbidden(configMapsResource, "records", errors.New("cannot update resource"))
		}, watcher.ReasonForbidden},
		{"deleted in between", func(_ *Record, api *configMaps) {
			api.refuse = apierrors.NewConflict(configMapsResource, "records", nil)
			api.between = func() { api.stored = nil }
		}, ReasonConfigMapMissing},
		{"the API server is away", func(_ *Record, api *configMaps) { api.refuse = apierrors.NewServiceUnavailable("away") }, watcher.ReasonError},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r, api := newRecord(map[string]string{"records.json": document})
			row.change(r, api)
			before := api.stored.DeepCopy()
			result, err := r.write(t.Context(), watcher.Result{}, api.stored.DeepCopy(), wish())
			if err == nil || watcher.ReasonOf(err) != row.reason || len(result.Changes) != 0 {
				t.Errorf("%s: %v", watcher.ReasonOf(err), err)
			}
			if api.stored != nil && api.stored.ResourceVersion != before.ResourceVersion {
				t.Error("it was written")
			}
		})
	}
}

// TestDryRun and an absent ConfigMap: said, and nothing else.
func TestDryRun(t *testing.T) {
	r, api := newRecord(nil)
	r.DryRun = true
	result, err := r.write(t.Context(), watcher.Result{}, api.stored.DeepCopy(), wish())
	if err != nil || result.Reason != ReasonWouldWrite || api.updates != 0 {
		t.Errorf("%+v, %v", result, err)
	}
	r.ConfigMap = func() (*corev1.ConfigMap, error) { return nil, nil }
	if _, err := r.Reconcile(t.Context()); watcher.ReasonOf(err) != ReasonConfigMapMissing {
		t.Errorf("%v", err)
	}
}

// TestBlankedByAnUpgrade: the chart renders the field empty again.
func TestBlankedByAnUpgrade(t *testing.T) {
	r, api := newRecord(map[string]string{"records.json": document})
	for range 2 {
		if _, err := r.write(t.Context(), watcher.Result{}, api.stored.DeepCopy(), wish()); err != nil || api.written(t) != "p-202401e" {
			t.Fatalf("%q, %v", api.written(t), err)
		}
		api.put(map[string]string{"records.json": document, "README.md": api.stored.Data["README.md"]})
	}
}
