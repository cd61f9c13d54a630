package doctor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openova-io/smtp-mirror/doctor"
	"github.com/openova-io/smtp-mirror/redact"
)

func finds(object string, v doctor.Verdict) func(context.Context, *doctor.Env) []doctor.Finding {
	return func(context.Context, *doctor.Env) []doctor.Finding {
		return []doctor.Finding{{Object: object, Verdict: v, Want: "w", Got: "g", Todo: "t"}}
	}
}

// TestRunEndsWithinTenSeconds, whatever the checks do: one that heeds its context has
// its say, one that hears nothing is unknown, one that panics too.
func TestRunEndsWithinTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		checks := []doctor.Check{
			{Name: "panics", Run: func(context.Context, *doctor.Env) []doctor.Finding { panic(canary) }},
			{Name: "deaf", Run: func(context.Context, *doctor.Env) []doctor.Finding { <-release; return nil }},
			{Name: "waits", Run: func(ctx context.Context, _ *doctor.Env) []doctor.Finding {
				<-ctx.Done()
				return []doctor.Finding{{Object: "patient", Verdict: doctor.Unknown}}
			}},
			{Name: "quick", Run: finds("x", doctor.OK)},
			{Name: "empty", Run: func(context.Context, *doctor.Env) []doctor.Finding { return nil }},
		}
		begin := time.Now()
		r := doctor.Run(t.Context(), &doctor.Env{}, checks)
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("it took %s", took)
		}
		close(release)
		var got []string
		for _, f := range r.Findings {
			got = append(got, fmt.Sprintf("%s %s %s", f.Check, f.Verdict, f.Object))
		}
		want := []string{"panics unknown panics", "deaf unknown deaf", "waits unknown patient", "quick ok x", "empty ok nothing"}
		if !slices.Equal(got, want) {
			t.Errorf("%q\nwant %q", got, want)
		}
		text, err := r.JSON()
		must(t, err)
		if strings.Contains(string(text), canary) {
			t.Error("a panic is quoted")
		}
	})
}

// TestThePageAndTheJSON are the same each time, and what matters stands first.
func TestThePageAndTheJSON(t *testing.T) {
	checks := []doctor.Check{{Name: "a", Run: finds("one", doctor.OK)}, {Name: "b", Run: finds("two", doctor.Warning)},
		{Name: "c", Run: finds("three", doctor.Unknown)}, {Name: "d", Run: func(context.Context, *doctor.Env) []doctor.Finding {
			return []doctor.Finding{{Object: "z", Verdict: doctor.Wrong, Got: "no"}, {Object: "y", Verdict: doctor.Wrong, Got: "no"}}
		}}}
	r := doctor.Run(t.Context(), &doctor.Env{}, checks)
	const page = `WRONG    d  y
         got   no
WRONG    d  z
         got   no
UNKNOWN  c  three
         want  w
         got   g
         todo  t
WARNING  b  two
         want  w
         got   g
         todo  t
ok       a  one  g

2 wrong, 1 unknown, 1 to look at, 1 right
Will the outside accept mail from noreply@example.org? No: 2 things are wrong.
`
	if got := r.Page(from); got != page {
		t.Errorf("%s", got)
	}
	text, err := r.JSON()
	must(t, err)
	const first = "{\n  \"findings\": [\n    {\n      \"check\": \"d\",\n      \"object\": \"y\",\n      \"verdict\": \"wrong\",\n      \"want\": \"\",\n      \"got\": \"no\",\n      \"todo\": \"\"\n    },\n"
	var again doctor.Report
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&again); err != nil || !slices.Equal(again.Findings, r.Findings) || !strings.HasPrefix(string(text), first) {
		t.Errorf("%v\n%s", err, text)
	}
}

// TestExitCodes: wrong outweighs unknown, and a warning does not count.
func TestExitCodes(t *testing.T) {
	rows := []struct {
		verdicts []doctor.Verdict
		code     int
		says     string
	}{
		{nil, 2, "cannot be told"},
		{[]doctor.Verdict{doctor.OK}, 0, "Yes"},
		{[]doctor.Verdict{doctor.OK, doctor.Warning}, 0, "Yes"},
		{[]doctor.Verdict{doctor.OK, doctor.Unknown}, 2, "1 thing is unknown"},
		{[]doctor.Verdict{doctor.Wrong, doctor.OK}, 1, "1 thing is wrong"},
		{[]doctor.Verdict{doctor.Unknown, doctor.Wrong, doctor.Wrong}, 1, "2 things are wrong"},
	}
	for _, row := range rows {
		var r doctor.Report
		for _, v := range row.verdicts {
			r.Findings = append(r.Findings, doctor.Finding{Verdict: v})
		}
		if code, page := r.ExitCode(), r.Page(from); code != row.code || !strings.Contains(page, row.says) {
			t.Errorf("%v: %d, %s", row.verdicts, code, page)
		}
	}
}

// TestSecretsAreHidden, also those that a later check meets.
func TestSecretsAreHidden(t *testing.T) {
	r := doctor.Run(t.Context(), &doctor.Env{}, []doctor.Check{
		{Name: "a", Run: func(context.Context, *doctor.Env) []doctor.Finding {
			return []doctor.Finding{{Object: canary, Verdict: doctor.Wrong, Want: canary, Got: "x" + canary, Todo: canary + "y"}}
		}},
		{Name: "b", Run: func(_ context.Context, e *doctor.Env) []doctor.Finding {
			e.Secrets.Add(redact.New(canary))
			return nil
		}},
	})
	if text, _ := r.JSON(); strings.Contains(string(text)+r.Page(from), canary) {
		t.Errorf("%s", text)
	}
}

// TestOnceAsksOnce, and everybody waits in his own time.
func TestOnceAsksOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		ask := doctor.Once(func(ctx context.Context) (int, error) {
			asked.Add(1)
			<-ctx.Done()
			return 7, errors.New("late")
		})
		long, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		short, cancel2 := context.WithTimeout(t.Context(), time.Second)
		defer cancel2()
		results := make(chan error, 2)
		go func() { _, err := ask(long); results <- err }()
		synctest.Wait()
		go func() { _, err := ask(short); results <- err }()
		if err := <-results; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		<-results
		synctest.Wait()
		if got, err := ask(t.Context()); got != 7 || err == nil || asked.Load() != 1 {
			t.Errorf("%d, %v, asked %d times", got, err, asked.Load())
		}
		broken := doctor.Once(func(context.Context) (int, error) { panic(canary) })
		if _, err := broken(t.Context()); err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%v", err)
		}
	})
}
