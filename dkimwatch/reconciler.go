package dkimwatch

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/openova-io/smtp-mirror/dkimkeys"
	"github.com/openova-io/smtp-mirror/dnsrecords"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/watcher"
	"github.com/openova-io/smtp-mirror/zone"
)

// Record keeps the ConfigMap. Its exported fields are set once; the loop never
// runs it twice at once.
type Record struct {
	Domain          string
	Namespace, Name string // of the ConfigMap
	KeyDir          string // "" = no mounted keys
	SourceRef       corev1.ObjectReference
	ConfigMap       func() (*corev1.ConfigMap, error)
	ConfigMaps      corev1client.ConfigMapInterface
	Fleet           *stalwart.Fleet
	DryRun          bool
	State           func(ctx context.Context) (dkimkeys.State, error) // of our own keys; nil = there are none
	Facts           func() (zone.Facts, error)                        // without the keys
	Board           *Board
	Moved           func()        // what is wanted in the DNS did
	Stay            time.Duration // of the record of a key that Stalwart lists no more

	past     Past
	readable []MountedKey // the newest that were read without a problem
}

// Reconcile reads the keys, edits the documents, and updates the ConfigMap.
func (r *Record) Reconcile(ctx context.Context) (watcher.Result, error) {
	observed, err := r.ConfigMap()
	result := watcher.Result{Outcome: watcher.Converged, Regarding: r.ref(observed)}
	if err != nil {
		result.Also = r.SourceRef // a namespace that is gone looks like a missing right
		return result, err
	}
	if observed == nil {
		return result, r.missing()
	}
	domain, keys, err := r.keys(ctx)
	if r.DryRun && watcher.ReasonOf(err) == ReasonDomainMissing {
		result.Reason, result.Message = ReasonWouldWrite, "would record the keys of "+r.Domain+", which the relay would create"
		return result, nil
	}
	if err != nil {
		return result, err
	}
	if len(keys) == 0 && Pending(*domain, len(keys), time.Now()) {
		return result, &watcher.HoldError{Why: ReasonKeysPending, Text: "Stalwart is making the DKIM keys of " + r.Domain, After: time.Second, Grace: keysGrace}
	}
	mounted, problem := r.mounted(keys)
	result.Reason, result.Message = problem.reason, problem.message
	if Pending(*domain, len(keys), time.Now()) {
		result.After = 2 * time.Second // the RSA key is still to come
	}
	desired, next, err := r.desire(ctx, keys, mounted)
	if err != nil {
		return result, err
	}
	result.After = sooner(result.After, next)
	return r.write(ctx, result, observed, desired)
}

// sooner is the shorter wait; 0 is none.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

// keysGrace is how long a new domain and its keys may take before waiting for
// them is a trouble.
const keysGrace = 20 * time.Second

func (r *Record) missing() error {
	return &watcher.HoldError{Why: ReasonConfigMapMissing, Text: "the configmap " + r.Namespace + "/" + r.Name + " does not exist"}
}

// keys reads domain and keys from Stalwart.
func (r *Record) keys(ctx context.Context) (*stalwart.Domain, []stalwart.DKIMKey, error) {
	directory, err := r.Fleet.Detect(ctx)
	if err != nil {
		return nil, nil, err
	}
	domain, err := directory.Domain(ctx, r.Domain)
	if err != nil {
		return nil, nil, err
	}
	if domain == nil {
		return nil, nil, &watcher.HoldError{Why: ReasonDomainMissing, Text: "Stalwart does not serve " + r.Domain + " yet", After: 5 * time.Second, Grace: keysGrace}
	}
	keys, err := directory.DKIMKeys(ctx, *domain)
	return domain, keys, err
}

// finding is something to report beside a record that is right.
type finding struct{ reason, message string }

// mounted reads the mounted keys and says what is wrong with them.
func (r *Record) mounted(keys []stalwart.DKIMKey) ([]MountedKey, finding) {
	if r.KeyDir == "" {
		return nil, finding{}
	}
	mounted, err := ReadMounted(r.KeyDir)
	if err != nil {
		// Half a file is no reason to take a record out of the DNS.
		return union(mounted, r.readable), finding{ReasonMountedKeyInvalid, strings.ReplaceAll(err.Error(), "\n", "; ")}
	}
	r.readable = mounted
	strangers := Strangers(keys, mounted)
	if len(strangers) == 0 {
		return mounted, finding{}
	}
	var theirs, ours []string
	for _, m := range strangers {
		ours = append(ours, m.Selector)
	}
	for _, k := range keys {
		theirs = append(theirs, k.Selector)
	}
	return mounted, finding{ReasonMountedKeyDiffers, fmt.Sprintf("the mounted key %s is none of the keys that Stalwart holds (%s)", strings.Join(ours, ", "), strings.Join(theirs, ", "))}
}

// maxConflicts bounds how often an edit is done again on what another writer
// has written in between.
const maxConflicts = 10

// write edits what was observed, and after a conflict what is there now.
func (r *Record) write(ctx context.Context, result watcher.Result, observed *corev1.ConfigMap, d Desired) (watcher.Result, error) {
	for range maxConflicts {
		edited, changed, err := Edit(observed, r.Domain, d)
		if err != nil {
			return result, &watcher.HoldError{Why: ReasonRecordsInvalid, Text: "records.json is " + err.Error() + "; it is left as it is"}
		}
		if len(changed) == 0 {
			return result, nil
		}
		if observed.Immutable != nil && *observed.Immutable {
			return result, &watcher.HoldError{Why: ReasonRecordsImmutable, Text: "the configmap is immutable; delete it"}
		}
		if r.DryRun {
			result.Reason, result.Message = ReasonWouldWrite, "would update "+strings.Join(changed, ", ")
			return result, nil
		}
		before := dnsrecords.Keys(observed.Data[dnsrecords.RecordsKey])
		stored, err := r.store(ctx, observed, edited)
		if err == nil {
			return r.done(result, stored, changed, before, d)
		}
		if !apierrors.IsConflict(err) {
			return result, classify(err)
		}
		observed, err = r.ConfigMaps.Get(ctx, r.Name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return result, r.missing()
		}
		if err != nil {
			return result, classify(err)
		}
	}
	return result, fmt.Errorf("updating the configmap: somebody else wrote %d times in between", maxConflicts)
}

// done reports a write after comparing what the API server stored.
func (r *Record) done(result watcher.Result, stored *corev1.ConfigMap, changed []string, before []dnsrecords.Key, d Desired) (watcher.Result, error) {
	result.Regarding = r.ref(stored)
	result.Changes = []watcher.Change{{Reason: ChangedRecords, Action: "Update", Writes: 1, Regarding: result.Regarding,
		Message: fmt.Sprintf("updated %s with %d keys", strings.Join(changed, ", "), len(d.Keys))}}
	if lost := Overthrown(before, d.Live); len(lost) > 0 {
		result.Changes = append(result.Changes, watcher.Change{Reason: ChangedPublished, Action: "Update", Warning: true, Regarding: result.Regarding,
			Message: "Stalwart has new keys in the place of those that were published: the DNS records of " + strings.Join(lost, ", ") + " are wrong now; publish what " + dnsrecords.RecordsKey + " says"})
	}
	_, different, err := Edit(stored, r.Domain, d)
	if err != nil || len(different) > 0 {
		return result, fmt.Errorf("updating the configmap: what was stored differs in %s", strings.Join(different, ", "))
	}
	return result, nil
}

// classify turns a refusal by RBAC into a wait.
func classify(err error) error {
	if apierrors.IsForbidden(err) {
		return watcher.HoldForbidden(err)
	}
	return fmt.Errorf("updating the configmap: %w", err)
}

func (r *Record) ref(c *corev1.ConfigMap) corev1.ObjectReference {
	ref := corev1.ObjectReference{APIVersion: "v1", Kind: "ConfigMap", Namespace: r.Namespace, Name: r.Name}
	if c != nil {
		ref.UID, ref.ResourceVersion = c.UID, c.ResourceVersion
	}
	return ref
}
