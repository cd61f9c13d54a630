package e2e

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/openova-io/smtp-mirror/internal/rig"
)

// The contract with the platform, written out: these texts are read by programs
// that do not import ours.
func contractData() map[string]string {
	return map[string]string{
		"smtp-host": "mail.example.test", "smtp-port": "587", "smtp-from": "noreply@example.test",
		"smtp-user": "noreply", "smtp-pass": rig.FirstPassword,
		"user": "noreply", "password": rig.FirstPassword,
		"somebody-elses": "kept",
	}
}

var contractLabels = map[string]string{
	"catalyst.openova.io/seed-phase": "phase-2-sovereign-stalwart",
	"catalyst.openova.io/component":  "sovereign-smtp-credentials-mirror",
	"app.kubernetes.io/name":         "bp-stalwart-sovereign",
	"app.kubernetes.io/managed-by":   "catalyst-api",
	"somebody-elses":                 "label",
}

var contractAnnotations = map[string]string{
	"catalyst.openova.io/seed-phase":    "phase-2-sovereign-stalwart",
	"helm.sh/resource-policy":           "keep",
	"somebody-elses":                    "annotation",
	"smtp-mirror.openova.io/generation": "1",
	"smtp-mirror.openova.io/source":     "", // the SOURCE's UID, filled in by the test
}

func TestCutover(t *testing.T) {
	t.Parallel()
	for version, l := range map[string]layout{
		"0.16.18": {home: rig.NamespaceStalwart, consumer: rig.NamespaceConsumer}, // with every default
		"0.16.3":  {},
		"lite":    {domain: rig.Domain},
	} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			l.version = version
			s := newSite(t, l)
			s.editSource(func(data map[string][]byte) { data["smtp-user"] = []byte("noreply") })
			s.foreign()
			if version == "lite" {
				must(t, rig.MakeKey(t.Context(), s.Rig.Mail))
			}
			p := s.start()
			s.settled()
			s.contract()
			s.cutoverEvents()
			s.stop(p)
			s.nothingWritten("a second start", func() {
				second := s.start()
				s.until("converged again", patience, s.converged)
				s.stop(second)
			})
		})
	}
}

// foreign puts things of somebody else on the seed.
func (s *site) foreign() {
	s.t.Helper()
	patch := []byte(`{"stringData":{"somebody-elses":"kept"},"metadata":{"labels":{"somebody-elses":"label"},"annotations":{"somebody-elses":"annotation"}}}`)
	_, err := s.Admin.CoreV1().Secrets(s.Consumer).Patch(s.t.Context(), rig.MirrorSecret, types.MergePatchType, patch, metav1.PatchOptions{})
	must(s.t, err)
}

// contract compares the mirror with the contract, to the letter.
func (s *site) contract() {
	s.t.Helper()
	m := s.mirror()
	source, err := s.Admin.CoreV1().Secrets(s.Home).Get(s.t.Context(), rig.SourceSecret, metav1.GetOptions{})
	must(s.t, err)
	want := maps.Clone(contractAnnotations)
	want["smtp-mirror.openova.io/source"] = string(source.UID)
	have := map[string]string{}
	for key, value := range m.Data {
		have[key] = string(value)
	}
	if !maps.Equal(have, contractData()) {
		s.t.Errorf("the keys %v hold other bytes than the contract's", slices.Sorted(maps.Keys(have)))
	}
	if !maps.Equal(m.Labels, contractLabels) {
		s.t.Errorf("labels are %v", m.Labels)
	}
	if !maps.Equal(m.Annotations, want) {
		s.t.Errorf("annotations are %v", m.Annotations)
	}
	applied := slices.ContainsFunc(m.ManagedFields, func(f metav1.ManagedFieldsEntry) bool {
		return f.Manager == "bp-stalwart-sovereign" && f.Operation == metav1.ManagedFieldsOperationApply
	})
	if m.Type != corev1.SecretTypeOpaque || !applied {
		s.t.Errorf("type %s, applied by the contract's manager: %t", m.Type, applied)
	}
}

// cutoverEvents expects one Event for each real change, on the object that it is
// about.
func (s *site) cutoverEvents() {
	s.t.Helper()
	s.awaitEvent("AccountCreated", "Secret", rig.SourceSecret, "")
	s.awaitEvent("LoginProven", "Secret", rig.SourceSecret, "noreply@example.test")
	s.awaitEvent("CredentialsMirrored", "Secret", rig.MirrorSecret, "smtp-pass")
	s.awaitEvent("RecordsUpdated", "ConfigMap", rig.RecordsConfigMap, "records.json")
	mirrored := 0
	for _, e := range s.Events(context.Background()) {
		if e.Reason == "CredentialsMirrored" {
			mirrored++
		}
		if e.Type == corev1.EventTypeWarning && !strings.HasSuffix(e.Reason, "Pending") && e.Reason != "AwaitingProof" && e.Reason != "DomainMissing" {
			s.t.Errorf("a warning without a trouble: %s: %s", e.Reason, e.Note)
		}
	}
	if mirrored != 1 {
		s.t.Errorf("the mirror was written once, and there are %d Events of it", mirrored)
	}
}
