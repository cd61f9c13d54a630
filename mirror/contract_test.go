package mirror_test

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/openova-io/smtp-mirror/mirror"
	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/submission"
)

func noreply() submission.Credentials {
	return submission.Credentials{Host: "mail.omantel.omani.works", Port: 587, From: "noreply@omantel.omani.works", User: "noreply", Password: redact.New(canary)}
}

// TestContractBytes holds the letters that other programs read, not our
// constants.
func TestContractBytes(t *testing.T) {
	smtp := map[string]string{"smtp-host": "mail.omantel.omani.works", "smtp-port": "587", "smtp-from": "noreply@omantel.omani.works", "smtp-user": "noreply", "smtp-pass": canary}
	legacy := map[string]string{"user": "noreply", "password": canary}
	env := map[string]string{"SMTP_HOST": "mail.omantel.omani.works", "SMTP_PORT": "587", "SMTP_FROM": "noreply@omantel.omani.works", "SMTP_USER": "noreply", "SMTP_PASS": canary}
	rows := []struct {
		name   string
		shapes []mirror.Shape
		want   []map[string]string
	}{
		{"smtp", []mirror.Shape{"smtp"}, []map[string]string{smtp}},
		{"legacy", []mirror.Shape{"legacy"}, []map[string]string{legacy}},
		{"env", []mirror.Shape{"env"}, []map[string]string{env}},
		{"smtp and legacy", []mirror.Shape{"smtp", "legacy"}, []map[string]string{smtp, legacy}},
		{"all", []mirror.Shape{"smtp", "legacy", "env"}, []map[string]string{smtp, legacy, env}},
		{"unknown", []mirror.Shape{"x"}, nil},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			want := map[string]string{}
			for _, part := range row.want {
				maps.Copy(want, part)
			}
			got := map[string]string{}
			for key, value := range mirror.Desire(noreply(), "uid", mirror.Wish{Shapes: row.shapes}).Data {
				got[key] = string(value)
			}
			if !maps.Equal(got, want) {
				t.Errorf("the keys are %v, or a value differs", slices.Sorted(maps.Keys(got)))
			}
		})
	}
}

// TestContractMarks: labels and annotations, literally.
func TestContractMarks(t *testing.T) {
	d := mirror.Desire(noreply(), "0b5c-uid", mirror.Wish{})
	labels := map[string]string{
		"catalyst.openova.io/seed-phase": "phase-2-sovereign-stalwart",
		"catalyst.openova.io/component":  "sovereign-smtp-credentials-mirror",
		"app.kubernetes.io/name":         "bp-stalwart-sovereign",
	}
	annotations := map[string]string{
		"catalyst.openova.io/seed-phase": "phase-2-sovereign-stalwart", // the seed's, which would survive our label
		"helm.sh/resource-policy":        "keep",
		"smtp-mirror.openova.io/source":  "0b5c-uid",
	}
	if !reflect.DeepEqual(d.Labels, labels) || !reflect.DeepEqual(d.Annotations, annotations) {
		t.Errorf("%v\n%v", d.Labels, d.Annotations)
	}
	if mirror.FieldManager != "bp-stalwart-sovereign" || mirror.AnnotationGeneration != "smtp-mirror.openova.io/generation" || mirror.PhaseMothership != "phase-1-mothership-relay" {
		t.Error("a name of the contract has changed")
	}
}

// TestTheContractWins: extra labels and annotations stand beside the contract's
// and never in their place.
func TestTheContractWins(t *testing.T) {
	extra := map[string]string{"catalyst.openova.io/seed-phase": "mine", "reflector.v1.k8s.emberstack.com/reflection-allowed": "true"}
	d := mirror.Desire(noreply(), "uid", mirror.Wish{Labels: extra, Annotations: extra})
	for _, got := range []map[string]string{d.Labels, d.Annotations} {
		if got["catalyst.openova.io/seed-phase"] != "phase-2-sovereign-stalwart" || got["reflector.v1.k8s.emberstack.com/reflection-allowed"] != "true" {
			t.Errorf("%v", got)
		}
	}
	if extra["catalyst.openova.io/seed-phase"] != "mine" {
		t.Error("the configuration was modified")
	}
}
