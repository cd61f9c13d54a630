package rollout

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestDecideIsCareful: whatever is seen of a consumer, it is rolled only to a
// generation that it was not told and that what it reads holds, once; and nobody is
// said to run on more than is seen.
func TestDecideIsCareful(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		small := rapid.Int64Range(0, 2) // so that they meet
		yes := func(name string) bool { return rapid.Bool().Draw(t, name) }
		o := Observed{Wanted: small.Draw(t, "wanted"), Mirrored: yes("mirrored"), Rendered: yes("rendered"), Found: yes("found"), Annotated: small.Draw(t, "annotated"), Complete: yes("complete"),
			Renders: yes("renders"), InProgress: time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "in progress"))}
		if !o.Renders {
			for range rapid.IntRange(0, 2).Draw(t, "pods") {
				o.Pods = append(o.Pods, Pod{Name: "p", Generation: small.Draw(t, "generation")})
			}
		}
		d := Decide(o, time.Minute)
		if d != Decide(o, time.Minute) {
			t.Fatal("it decides otherwise the second time")
		}
		for _, p := range o.Pods {
			if o.Found && d.Running > p.Generation {
				t.Fatalf("it runs on %d, and a Pod on %d", d.Running, p.Generation)
			}
		}
		if o.Found && !o.Complete && o.Wanted > 0 && d.Running >= o.Wanted {
			t.Fatalf("it runs on %d, and is not complete", d.Running)
		}
		if d.Action != Roll {
			return
		}
		if !o.Mirrored || !o.Rendered && !o.Renders || o.Annotated >= o.Wanted {
			t.Fatal("it is rolled too early, or twice")
		}
		o.Annotated = o.Wanted
		if again := Decide(o, time.Minute); again.Action == Roll {
			t.Fatal("it is rolled again")
		}
	})
}
