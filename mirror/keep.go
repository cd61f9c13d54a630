package mirror

import (
	"context"

	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/submission"
	"github.com/openova-io/smtp-mirror/watcher"
)

// credentials reads the SOURCE.
func (m *Mirror) credentials(source *corev1.Secret, err error) (submission.Credentials, error) {
	switch {
	case err != nil:
		return submission.Credentials{}, err
	case source == nil:
		return submission.Credentials{}, &submission.MissingError{Namespace: m.SourceRef.Namespace, Name: m.SourceRef.Name}
	}
	return submission.FromSecret(source.Data, m.Domain)
}

// keep is what happens without a usable SOURCE: the last good bytes stay, also
// against others, and the trouble with the SOURCE is reported all the same.
func (m *Mirror) keep(ctx context.Context, result watcher.Result, observed *corev1.Secret, trouble error) (watcher.Result, error) {
	if m.known.Host == "" {
		return result, trouble // nothing good is known
	}
	desired := Desire(m.known, m.knownSource, m.Wish)
	desired.Written, m.wanted, m.wantedSource = m.generation, m.known, m.knownSource
	result, err := m.act(ctx, result, Decide(observed, desired, true, m.generation), desired)
	if err != nil {
		return result, err
	}
	return result, trouble
}
