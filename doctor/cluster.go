package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/submission"
	"github.com/openova-io/smtp-mirror/workload"
)

const todoRead = "see that the API server answers, and that you may read this object"

func checkThrottles(ctx context.Context, e *Env) []Finding {
	const want = "no throttle that stops PIN mail"
	if e.Throttle == nil {
		return []Finding{unknown("Stalwart", want, "its management is not configured", "configure stalwart.url")}
	}
	all, err := e.Throttle(ctx)
	if err != nil {
		return []Finding{could("Stalwart", want, err, "see that Stalwart runs, and that its administrator's Secret is right")}
	}
	return judgeThrottles(all)
}

// checkPermissions asks for every right. What is granted is one finding, what is
// denied has one each, and what could not be asked is one for each reason.
func checkPermissions(ctx context.Context, e *Env) []Finding {
	if e.Allowed == nil || len(e.Rights) == 0 {
		return nil
	}
	found := each(e.Rights, width, func(r Right) []Finding {
		allowed, err := e.Allowed(ctx, r)
		switch {
		case err != nil:
			return []Finding{could("", "allowed", err, "see that the API server answers")}
		case !allowed:
			return []Finding{{Object: r.String(), Verdict: Wrong, Want: "allowed", Got: "denied", Todo: "grant it: smtp-mirror rbac --config FILE --service-account NAMESPACE/NAME | kubectl apply -f -"}}
		}
		return []Finding{{Verdict: OK, Want: "allowed", Got: "allowed"}}
	})
	return counted(found)
}

// counted puts findings without an object together that say the same.
func counted(all []Finding) []Finding {
	var out []Finding
	times := map[Finding]int{}
	for _, f := range all {
		if times[f]++; times[f] == 1 {
			out = append(out, f)
		}
	}
	for i, f := range out {
		if f.Object == "" {
			out[i].Object = fmt.Sprintf("%d of %d rights", times[f], len(all))
		}
	}
	return out
}

// String is the right in the words of kubectl auth can-i.
func (r Right) String() string {
	resource := r.Resource
	if r.Group != "" {
		resource += "." + r.Group
	}
	if r.Name != "" {
		resource += "/" + r.Name
	}
	return r.Verb + " " + resource + " -n " + r.Namespace
}

// checkMirrors compares the bytes that consumers read with those that were proven, and
// logs in with them where that is asked for.
func checkMirrors(ctx context.Context, e *Env) []Finding {
	return each(e.Submissions, width, func(s Submission) []Finding {
		source, err := s.Source(ctx)
		if err != nil {
			return []Finding{couldSource(s.Name, err)}
		}
		e.Secrets.Add(source.Password)
		now, err := s.Current(ctx)
		if err != nil {
			return []Finding{could("submission "+s.Name, "the current credential", err, todoRead)}
		}
		e.Secrets.Add(now.Password)
		return each(s.Mirrors, width, func(m Mirror) []Finding { return m.look(ctx, e, s, source, now) })
	})
}

// couldSource tells a SOURCE that is wrong from one that cannot be read.
func couldSource(name string, err error) Finding {
	f := could("submission "+name, "a SOURCE with five fields", err, todoRead)
	if reason, is := err.(interface{ Reason() string }); is && slices.Contains([]string{submission.ReasonSourceInvalid, submission.ReasonSourceMissing}, reason.Reason()) { //nolint:errorlint // ours, never wrapped
		f.Verdict, f.Todo = Wrong, "write the Secret with all five fields ("+strings.Join(submission.Keys(), ", ")+")"
	}
	return f
}

func (m Mirror) look(ctx context.Context, e *Env, s Submission, source submission.Credentials, now Current) []Finding {
	target, err := m.Read(ctx)
	if err != nil {
		return []Finding{could(m.Namespace+"/"+m.Name, "the proven credentials", err, todoRead)}
	}
	for _, shape := range m.Keys {
		for key, field := range shape {
			if target != nil && field == submission.KeyPass {
				e.Secrets.Add(redact.New(string(target.Data[key])))
			}
		}
	}
	found := []Finding{judgeMirror(m, target, source, now)}
	if !s.Login || target == nil {
		return found
	}
	return append(found, m.login(ctx, e, s, target))
}

// login does what a consumer of the mirror does, up to where a message would begin.
func (m Mirror) login(ctx context.Context, e *Env, s Submission, target *corev1.Secret) Finding {
	object, want := "login with "+m.Namespace+"/"+m.Name, "a login that is accepted"
	c, err := m.credentials(target, e.Domain)
	if err != nil {
		return Finding{Object: object, Verdict: Wrong, Want: want, Got: told(err), Todo: "see what the controller waits for: smtp-mirror once --dry-run"}
	}
	request, err := s.Request(c)
	if err != nil {
		return could(object, want, err, "correct probe.caFile")
	}
	if err := e.share.door.enter(ctx); err != nil {
		return could(object, want, err, "run doctor again")
	}
	request.ImplicitTLS, request.User, request.Password, request.Senders = c.ImplicitTLS(), c.User, c.Password, []string{c.From}
	return judgeLogin(object, want, smtpprobe.Probe(ctx, request))
}

// credentials are the five fields of the mirror, in whichever shape has them all.
func (m Mirror) credentials(target *corev1.Secret, domain string) (c submission.Credentials, err error) {
	err = &submission.FieldError{Key: submission.KeyPass, Problem: "is in no shape that has all five fields"}
	for _, shape := range m.Keys {
		if len(shape) < len(submission.Keys()) {
			continue
		}
		fields := map[string][]byte{}
		for key, field := range shape {
			fields[field] = target.Data[key]
		}
		if c, err = submission.FromSecret(fields, domain); err == nil {
			return c, nil
		}
	}
	return c, err
}

func judgeLogin(object, want string, r smtpprobe.Result) Finding {
	f := Finding{Object: object, Verdict: Wrong, Want: want, Got: string(r.Verdict) + ": " + shown(r.Detail), Todo: "see " + string(r.Verdict) + " in docs/runbook.md"}
	switch r.Verdict {
	case smtpprobe.Accepted:
		f.Verdict, f.Got, f.Todo = OK, string(r.Verdict), ""
	case smtpprobe.Unreachable, smtpprobe.TemporaryError:
		f.Verdict = Unknown
	}
	return f
}

// checkConsumers looks at everybody who runs on the bytes of a mirror.
func checkConsumers(ctx context.Context, e *Env) []Finding {
	return each(e.Submissions, width, func(s Submission) []Finding {
		var all []Consumer
		for _, m := range s.Mirrors {
			all = append(all, m.Consumers...)
		}
		if len(all) == 0 {
			return nil
		}
		now, err := s.Current(ctx)
		if err != nil {
			return []Finding{could("submission "+s.Name, "the current generation", err, todoRead)}
		}
		return each(all, width, func(c Consumer) []Finding {
			o, err := c.Read(ctx)
			return []Finding{c.look(o, now, err)}
		})
	})
}

func (c Consumer) look(o workload.Observed, now Current, err error) Finding {
	object := c.Kind + " " + c.Namespace + "/" + c.Name
	switch {
	case apierrors.IsNotFound(err):
		return Finding{Object: object, Verdict: Wrong, Want: "it exists", Got: "it does not exist", Todo: "correct its name in submissions[].mirrors[].consumers[], or deploy it"}
	case err != nil:
		return could(object, fmt.Sprintf("rolled to generation %d", now.Generation), err, todoRead)
	}
	return judgeConsumer(c, o, now)
}
