package doctor_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/openova-io/smtp-mirror/doctor"
	"github.com/openova-io/smtp-mirror/internal/stalwarttest"
	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/submission"
	"github.com/openova-io/smtp-mirror/workload"
)

// TestRights: what is denied is named in the words of kubectl auth can-i.
func TestRights(t *testing.T) {
	rights := []doctor.Right{{Namespace: "mail", Resource: "secrets", Name: "a", Verb: "get"}, {Namespace: "mail", Group: "apps", Resource: "deployments", Name: "d", Verb: "patch"}, {Namespace: "mail", Resource: "pods", Verb: "list"}}
	e := &doctor.Env{Rights: rights, Allowed: func(context.Context, doctor.Right) (bool, error) { return true, nil }}
	begins(t, examine(t, e, "permissions"), []string{"ok 3 of 3 rights: allowed"})
	e.Allowed = func(_ context.Context, r doctor.Right) (bool, error) {
		if r.Verb == "list" {
			return false, errors.New("the API server is away")
		}
		return r.Verb == "get", nil
	}
	begins(t, examine(t, e, "permissions"), []string{"wrong patch deployments.apps/d -n mail: denied", "unknown 1 of 3 rights: the API server is away", "ok 1 of 3 rights: allowed"})
}

// target is a mirror with the bytes of a SOURCE.
func target(c submission.Credentials) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"phase": "two"}}, Data: map[string][]byte{
		"smtp-host": []byte(c.Host), "smtp-port": []byte("587"), "smtp-from": []byte(c.From), "smtp-user": []byte(c.User), "smtp-pass": []byte(c.Password.Reveal()),
		"user": []byte(c.User), "password": []byte(c.Password.Reveal())}}
}

func source() submission.Credentials {
	return submission.Credentials{Host: mailHost, Port: 587, From: from, User: "noreply", Password: redact.New(canary)}
}

// mirrored is a world with one mirror.
func mirrored(read func() (*corev1.Secret, error)) *doctor.Env {
	shape := map[string]string{}
	for _, key := range submission.Keys() {
		shape[key] = key
	}
	m := doctor.Mirror{Namespace: "web", Name: "smtp", PhaseLabel: "phase", PhaseOwn: "two", Read: func(context.Context) (*corev1.Secret, error) { return read() },
		Keys: []map[string]string{shape, {"user": submission.KeyUser, "password": submission.KeyPass}}}
	return &doctor.Env{Domain: domain, Submissions: []doctor.Submission{{Name: "console", Mirrors: []doctor.Mirror{m},
		Source:  func(context.Context) (submission.Credentials, error) { return source(), nil },
		Current: func(context.Context) (doctor.Current, error) { return doctor.Current{}, nil },
	}}}
}

// TestMirrors: what differs is named by its key, never by its value.
func TestMirrors(t *testing.T) {
	rows := []struct {
		name   string
		change func(s *corev1.Secret, e *doctor.Submission)
		want   string
	}{
		{"equal", func(*corev1.Secret, *doctor.Submission) {}, "ok web/smtp: equal"},
		{"another password", func(s *corev1.Secret, _ *doctor.Submission) { s.Data["smtp-pass"] = []byte(canary + canary) }, "wrong web/smtp: other bytes in smtp-pass"},
		{"a missing key", func(s *corev1.Secret, _ *doctor.Submission) { delete(s.Data, "user") }, "wrong web/smtp: other bytes in user"},
		{"more keys", func(s *corev1.Secret, _ *doctor.Submission) { s.Data["x"] = []byte("y") }, "ok web/smtp: equal"},
		{"the first phase", func(s *corev1.Secret, _ *doctor.Submission) { s.Labels = nil }, "wrong web/smtp: the phase is not two"},
		{"an issued credential", func(s *corev1.Secret, e *doctor.Submission) {
			e.Current = func(context.Context) (doctor.Current, error) {
				return doctor.Current{Generation: 3, User: "noreply", Password: redact.New("issued-" + canary)}, nil
			}
			s.Data["smtp-pass"], s.Data["password"] = []byte("issued-"+canary), []byte("issued-"+canary)
		}, "ok web/smtp: equal"},
		{"not the issued one", func(_ *corev1.Secret, e *doctor.Submission) {
			e.Current = func(context.Context) (doctor.Current, error) {
				return doctor.Current{Generation: 3, User: "noreply", Password: redact.New("issued-" + canary)}, nil
			}
		}, "wrong web/smtp: other bytes in password, smtp-pass"},
		{"a source without a field", func(_ *corev1.Secret, e *doctor.Submission) {
			e.Source = func(context.Context) (submission.Credentials, error) {
				return submission.Credentials{}, &submission.FieldError{Key: "smtp-pass", Problem: "is empty"}
			}
		}, "wrong submission console: smtp-pass is empty"},
		{"a source that cannot be read", func(_ *corev1.Secret, e *doctor.Submission) {
			e.Source = func(context.Context) (submission.Credentials, error) {
				return submission.Credentials{}, context.DeadlineExceeded
			}
		}, "unknown submission console: no answer in time"},
		{"a state that cannot be read", func(_ *corev1.Secret, e *doctor.Submission) {
			e.Current = func(context.Context) (doctor.Current, error) { return doctor.Current{}, errors.New("forbidden") }
		}, "unknown submission console: forbidden"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := target(source())
			e := mirrored(func() (*corev1.Secret, error) { return s, nil })
			row.change(s, &e.Submissions[0])
			lines := examine(t, e, "mirror")
			begins(t, lines, []string{row.want})
			if strings.Contains(strings.Join(lines, " "), canary) {
				t.Error("it shows the password")
			}
		})
	}
	begins(t, examine(t, mirrored(func() (*corev1.Secret, error) { return nil, nil }), "mirror"), []string{"wrong web/smtp: it does not exist"})
	begins(t, examine(t, mirrored(func() (*corev1.Secret, error) { return nil, errors.New("forbidden") }), "mirror"), []string{"unknown web/smtp: forbidden"})
}

// TestLoginWithTheMirror against a server, with the right bytes and with others.
func TestLoginWithTheMirror(t *testing.T) {
	roots, certificate := authority(t, mailHost)
	s, err := stalwarttest.Start(stalwarttest.Options{Certificate: certificate, Domain: domain})
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	secret := target(source())
	e := mirrored(func() (*corev1.Secret, error) { return secret, nil })
	e.Submissions[0].Login = true
	e.Submissions[0].Request = func(submission.Credentials) (smtpprobe.Request, error) {
		return smtpprobe.Request{Address: s.SubmissionAddr(), ServerName: mailHost, Roots: roots}, nil
	}
	begins(t, examine(t, e, "mirror"), []string{"wrong login with web/smtp: PasswordRefused", "ok web/smtp"})
	directory, err := connect(t, s).Detect(t.Context())
	must(t, err)
	must(t, directory.CreateAccount(t.Context(), stalwart.NewAccount{Login: stalwart.Login{User: from, Domain: domain}, Password: redact.New(canary + "-Strong-0"),
		Permissions: []stalwart.Permission{stalwart.Authenticate, stalwart.SendMail}}))
	secret.Data["smtp-user"], secret.Data["smtp-pass"] = []byte(from), []byte(canary+"-Strong-0")
	begins(t, examine(t, e, "mirror"), []string{"wrong web/smtp: other bytes", "ok login with web/smtp: Accepted"})
	delete(secret.Data, "smtp-host")
	begins(t, examine(t, e, "mirror"), []string{"wrong login with web/smtp: smtp-host is empty", "wrong web/smtp: other bytes"})
	must(t, s.Stop())
	maps.Copy(secret.Data, target(source()).Data)
	begins(t, examine(t, e, "mirror"), []string{"unknown login with web/smtp: SubmissionUnreachable", "ok web/smtp"})
}

// TestConsumers: whether they are there, and what they were told.
func TestConsumers(t *testing.T) {
	missing := apierrors.NewNotFound(schema.GroupResource{Group: "apps", Resource: "deployments"}, "api")
	rows := []struct {
		name      string
		told      string
		complete  bool
		current   int64
		err       error
		beginning string
	}{
		{"rolled", "3", true, 3, nil, "ok Deployment web/api: generation 3"},
		{"rolled beyond", "4", true, 3, nil, "ok Deployment web/api: generation 4"},
		{"behind", "2", true, 3, nil, "warning Deployment web/api: generation 2"},
		{"never told", "", true, 3, nil, "warning Deployment web/api: generation 0"},
		{"under way", "3", false, 3, nil, "warning Deployment web/api: generation 3, its rollout is not complete"},
		{"nothing is proven", "", true, 0, nil, "warning Deployment web/api: no generation"},
		{"absent", "", true, 3, missing, "wrong Deployment web/api: it does not exist"},
		{"not to be read", "", true, 3, errors.New("forbidden"), "unknown Deployment web/api: forbidden"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			e := mirrored(nil)
			s := &e.Submissions[0]
			s.Current = func(context.Context) (doctor.Current, error) { return doctor.Current{Generation: row.current}, nil }
			s.Mirrors[0].Consumers = []doctor.Consumer{{Kind: "Deployment", Namespace: "web", Name: "api", Annotation: "a", Read: func(context.Context) (workload.Observed, error) {
				return workload.Observed{Annotations: map[string]string{"a": row.told}, Complete: row.complete}, row.err
			}}}
			begins(t, examine(t, e, "consumers"), []string{row.beginning})
		})
	}
	if lines := examine(t, mirrored(nil), "consumers"); !slices.Equal(lines, []string{"ok nothing: nothing is configured that this could look at"}) {
		t.Errorf("%q", lines)
	}
}
