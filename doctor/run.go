package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/openova-io/smtp-mirror/redact"
)

// Bounds of one run. Whoever asks a doctor waits for him.
const (
	runTimeout = 8 * time.Second // of every check
	grace      = time.Second     // to say what was found by then
)

// Check looks at one thing. Run ends with its context, and may give what it has
// found by then; the name is filled in.
type Check struct {
	Name string
	Run  func(ctx context.Context, e *Env) []Finding
}

// Checks are all of them, in the order in which a mail meets them.
func Checks() []Check {
	return []Check{
		{"mirror", checkMirrors}, {"consumers", checkConsumers}, {"tls", checkTLS}, {"throttles", checkThrottles},
		{"dkim", checkDKIM}, {"spf", checkSPF}, {"dmarc", checkDMARC}, {"fcrdns", checkFCrDNS}, {"mx", checkMX},
		{"dns", checkRecords}, {"port25", checkPort25}, {"permissions", checkPermissions},
	}
}

// Run runs all checks at once and ends within ten seconds. Whatever a check does,
// there is a finding of it: one that panics, or does not end, could not be told. No
// finding shows a secret of e.
func Run(ctx context.Context, e *Env, checks []Check) Report {
	ctx, cancel := context.WithTimeout(ctx, runTimeout)
	defer cancel()
	e.share = newShare(ctx)
	over, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	go func() {
		<-ctx.Done()
		timer := time.AfterFunc(grace, end)
		<-over.Done()
		timer.Stop()
	}()
	results := make([]chan []Finding, len(checks))
	for i, c := range checks {
		results[i] = make(chan []Finding, 1) // so that nobody waits to tell what nobody reads
		go func() { results[i] <- c.guarded(ctx, e) }()
	}
	var all []Finding
	for i, c := range checks {
		for _, f := range outcome(over, results[i], c.Name) {
			f.Check = c.Name
			all = append(all, f)
		}
	}
	for i := range all { // at last: until now secrets may have been met
		all[i] = e.Secrets.scrub(all[i])
	}
	return reported(all, checks)
}

// outcome waits for a check until the run is over.
func outcome(over context.Context, result <-chan []Finding, name string) []Finding {
	select {
	case got := <-result:
		return got
	case <-over.Done():
	}
	select {
	case got := <-result: // it has ended at the same moment
		return got
	default:
		return []Finding{unknown(name, "an end", "the check has not ended in time", "run doctor again, alone on the machine")}
	}
}

// guarded runs a check. What it says by a panic is not shown: it may be anything.
func (c Check) guarded(ctx context.Context, e *Env) (all []Finding) {
	defer func() {
		if problem := recover(); problem != nil {
			all = []Finding{unknown(c.Name, "an end", fmt.Sprintf("the check has panicked (%T)", problem), "report this as a bug of smtp-mirror")}
		}
	}()
	all = c.Run(ctx, e)
	if len(all) == 0 {
		all = []Finding{{Object: "nothing", Verdict: OK, Want: "nothing", Got: "nothing is configured that this could look at"}}
	}
	return all
}

func unknown(object, want, got, todo string) Finding {
	return Finding{Object: object, Verdict: Unknown, Want: want, Got: got, Todo: todo}
}

// could says that something could not be told because of an error.
func could(object, want string, err error, todo string) Finding {
	return unknown(object, want, told(err), todo)
}

// told is an error for people. Time that has run out has many words for it.
func told(err error) string {
	var timeout net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), errors.Is(err, os.ErrDeadlineExceeded),
		errors.As(err, &timeout) && timeout.Timeout(), apierrors.IsTimeout(err):
		return "no answer in time"
	}
	return shown(err.Error())
}

// each runs a function for every item at once, at most width of them at a time, and
// gives the findings in the order of the items.
func each[T any](items []T, width int, look func(T) []Finding) []Finding {
	found, panicked := make([][]Finding, len(items)), make([]any, len(items))
	places := make(chan struct{}, width)
	var all sync.WaitGroup
	for i, item := range items {
		places <- struct{}{}
		all.Go(func() {
			defer func() { panicked[i] = recover(); <-places }()
			found[i] = look(item)
		})
	}
	all.Wait()
	for _, p := range panicked {
		if p != nil {
			panic(p) // where the check's own guard is
		}
	}
	var out []Finding
	for _, f := range found {
		out = append(out, f...)
	}
	return out
}

// Once asks for something when it is first needed, and gives everybody that answer.
// Whoever waits for it does so within his own time.
func Once[T any](ask func(ctx context.Context) (T, error)) func(ctx context.Context) (T, error) {
	var begun sync.Once
	done := make(chan struct{})
	var value T
	var err error
	return func(ctx context.Context) (T, error) {
		begun.Do(func() {
			go func() {
				defer close(done)
				defer func() {
					if recover() != nil {
						err = errors.New("asking has panicked: report this as a bug of smtp-mirror")
					}
				}()
				value, err = ask(ctx)
			}()
		})
		select {
		case <-done:
			return value, err
		case <-ctx.Done():
			var none T
			return none, ctx.Err()
		}
	}
}

// Hidden are the secrets that a run has met. It is safe for concurrent use; the zero
// value knows none.
type Hidden struct {
	mu  sync.Mutex
	all []redact.Secret
}

// Add keeps a secret out of every finding.
func (h *Hidden) Add(secrets ...redact.Secret) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, secrets...)
}

func (h *Hidden) scrub(f Finding) Finding {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, text := range []*string{&f.Object, &f.Want, &f.Got, &f.Todo} {
		*text = redact.Scrub(*text, h.all...)
	}
	return f
}
