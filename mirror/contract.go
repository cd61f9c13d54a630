package mirror

import "github.com/openova-io/smtp-mirror/submission"

// FieldManager is the contract's owner of the fields of phase 2.
const FieldManager = "bp-stalwart-sovereign"

// Names of the contract with the platform.
const (
	LabelSeedPhase       = "catalyst.openova.io/seed-phase" // a label of ours, and an annotation of the seed: both are set
	LabelComponent       = "catalyst.openova.io/component"
	LabelName            = "app.kubernetes.io/name"
	AnnotationKeep       = "helm.sh/resource-policy"
	PhaseOwnRelay        = "phase-2-sovereign-stalwart"
	PhaseMothership      = "phase-1-mothership-relay"
	ComponentMirror      = "sovereign-smtp-credentials-mirror"
	NameBlueprint        = "bp-stalwart-sovereign"
	AnnotationSource     = "smtp-mirror.openova.io/source"     // UID of the SOURCE
	AnnotationGeneration = "smtp-mirror.openova.io/generation" // counts changes of the five fields
)

// Shape is a set of keys that consumers look for.
type Shape string

// The shapes.
const (
	ShapeSMTP   Shape = "smtp"   // smtp-host, smtp-port, smtp-from, smtp-user, smtp-pass
	ShapeLegacy Shape = "legacy" // user, password
	ShapeEnv    Shape = "env"    // SMTP_HOST ... for envFrom
)

// Keys maps the keys of the shape to the fields of the SOURCE that they hold.
func (s Shape) Keys() map[string]string { return shapeKeys(s) }

// shapeKeys maps each shape's keys to the field of the SOURCE that they hold.
func shapeKeys(s Shape) map[string]string {
	switch s {
	case ShapeSMTP:
		keys := map[string]string{}
		for _, k := range submission.Keys() {
			keys[k] = k
		}
		return keys
	case ShapeLegacy:
		return map[string]string{"user": submission.KeyUser, "password": submission.KeyPass}
	case ShapeEnv:
		return map[string]string{"SMTP_HOST": submission.KeyHost, "SMTP_PORT": submission.KeyPort, "SMTP_FROM": submission.KeyFrom,
			"SMTP_USER": submission.KeyUser, "SMTP_PASS": submission.KeyPass}
	}
	return nil
}

// ContractMetadata lists the labels and annotations that the contract sets; a
// configuration cannot set them otherwise.
func ContractMetadata() (labels, annotations map[string]string) {
	return map[string]string{LabelSeedPhase: PhaseOwnRelay, LabelComponent: ComponentMirror, LabelName: NameBlueprint},
		map[string]string{LabelSeedPhase: PhaseOwnRelay, AnnotationKeep: "keep"}
}
