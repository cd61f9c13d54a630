package dkimwatch

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/watcher"
	"github.com/openova-io/smtp-mirror/zone"
)

// Truth looks at the public DNS. Its exported fields are set once; the loop never
// runs it twice at once.
type Truth struct {
	Domain  string
	Ref     corev1.ObjectReference // of the ConfigMap, for Events
	Board   *Board
	Answers func(ctx context.Context, zone, name, kind string) ([]zone.Answer, error) // of every authoritative server
	Reverse func(ctx context.Context, name string) []zone.Answer                      // of a PTR
	Changed func()                                                                    // a verdict did
}

// looksAtOnce bounds the questions that are under way.
const looksAtOnce = 8

// Reconcile looks at what is due.
func (r *Truth) Reconcile(ctx context.Context) (watcher.Result, error) {
	result := watcher.Result{Outcome: watcher.Converged, Regarding: r.Ref}
	due, _ := r.Board.Due(time.Now())
	var unknown error
	if len(due) > 0 {
		unknown = r.negative(ctx)
	}
	for _, f := range r.look(ctx, due, unknown) {
		if ctx.Err() != nil {
			return result, ctx.Err()
		}
		if c := r.saw(f); c != nil {
			result.Changes = append(result.Changes, *c)
		}
	}
	if len(result.Changes) > 0 {
		r.Changed()
	}
	result.Changes = slices.DeleteFunc(result.Changes, func(c watcher.Change) bool { return c.Reason == "" })
	result.Reason, result.Message = summary(r.Board.Findings())
	_, result.After = r.Board.Due(time.Now())
	return result, nil
}

// negative asks how long an absence may be remembered (RFC 2308): by the SOA, which
// comes as the answer or beside a denial. An error says that the zone's servers are
// not known.
func (r *Truth) negative(ctx context.Context) error {
	answers, err := r.Answers(ctx, r.Domain, r.Domain, "SOA")
	for _, a := range answers {
		if a.Problem == "" {
			r.Board.SawNegative(a.Negative)
		}
	}
	r.absence(answers)
	return err
}

// absence takes from answers how long an absence may be remembered, as far as they say
// so.
func (r *Truth) absence(answers []zone.Answer) {
	for _, a := range answers {
		if a.Problem != "" {
			continue
		}
		if a.Negative > 0 {
			r.Board.SawNegative(a.Negative)
		}
		for _, v := range a.Values {
			fields := strings.Fields(v)
			if len(fields) != soaFields {
				continue
			}
			if seconds, err := strconv.Atoi(fields[len(fields)-1]); err == nil {
				r.Board.SawNegative(time.Duration(seconds) * time.Second)
			}
		}
	}
}

// soaFields are mname, rname, serial, refresh, retry, expire and minimum.
const soaFields = 7

// look asks for records. Where the zone's servers are not known, each question would
// wait for the same answer, and none is asked.
func (r *Truth) look(ctx context.Context, records []zone.Record, unknown error) []zone.Finding {
	findings := make([]zone.Finding, len(records))
	var wait sync.WaitGroup
	free := make(chan struct{}, looksAtOnce)
	for i, record := range records {
		wait.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			if unknown != nil {
				findings[i] = zone.Explain(record, nil)
				findings[i].Notes = []string{unknown.Error()}
				return
			}
			findings[i] = r.ask(ctx, record)
		})
	}
	wait.Wait()
	return findings
}

// ask asks for one record.
func (r *Truth) ask(ctx context.Context, record zone.Record) zone.Finding {
	if record.Type == "PTR" {
		return zone.Explain(record, r.Reverse(ctx, record.Name))
	}
	answers, err := r.Answers(ctx, r.Domain, record.Name, record.Type)
	f := zone.Explain(record, answers)
	if err != nil {
		f.Notes = append(f.Notes, err.Error())
		return f
	}
	if f.Verdict != zone.TempError && isWaitedFor(record) {
		r.remembered(ctx, record)
	}
	return f
}

// isWaitedFor reports whether something begins when nobody can remember the absence of
// a record any more: a key signs, a certificate is shown.
func isWaitedFor(r zone.Record) bool { return r.Kind() == zone.KindDKIM || r.Type == "TLSA" }

// remembered asks how long the absence of a record may be remembered in the zone that
// it really is in. That is not always the domain's: _domainkey may be delegated, and a
// selector may lead into another zone by a CNAME.
func (r *Truth) remembered(ctx context.Context, record zone.Record) {
	answers, err := r.Answers(ctx, r.Domain, record.Name, "SOA")
	if err == nil {
		r.absence(answers)
	}
}

// saw puts a finding on the board and gives the Event where a verdict changes. The
// first one is news, but no change.
func (r *Truth) saw(f zone.Finding) *watcher.Change {
	before, ripe := r.Board.Saw(f, time.Now())
	if before == f.Verdict && !ripe {
		return nil
	}
	if before == "" || before == f.Verdict {
		return &watcher.Change{}
	}
	ref := r.Ref
	ref.FieldPath = f.Record.Type + " " + f.Record.Name // the recorder folds Events of one kind about one object
	return &watcher.Change{Reason: ChangedVerdict, Action: "Look", Warning: before == zone.Published, Regarding: ref,
		Message: fmt.Sprintf("%s %s is %s, and was %s", f.Record.Type, f.Record.Name, f.Verdict, before)}
}

// summary says what of the DNS is not as it should be.
func summary(findings []zone.Finding) (reason, message string) {
	var wrong []string
	for _, f := range findings {
		if f.Verdict != zone.Published && f.Verdict != "" {
			wrong = append(wrong, fmt.Sprintf("%s %s: %s", f.Record.Type, f.Record.Name, f.Verdict))
		}
	}
	if len(wrong) == 0 {
		return "", ""
	}
	return ReasonNotPublished, fmt.Sprintf("%d of %d records are not as they should be: %s", len(wrong), len(findings), strings.Join(wrong, ", "))
}
