package rotation

import (
	"bytes"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/openova-io/smtp-mirror/redact"
)

// TestLongWalks takes random ways through the scenes, far beyond the depth of the
// exploration, and lets each come to rest in the end. A seed that fails is printed.
func TestLongWalks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom(scenes()).Draw(t, "scene")
		m := newModel(s.kind, s.budget, s.consumers)
		for range rapid.IntRange(0, 120).Draw(t, "length") {
			moves := m.moves()
			if len(moves) == 0 {
				break // the clock has run out
			}
			mv := moves[rapid.IntRange(0, len(moves)-1).Draw(t, "move")]
			m = m.clone()
			mv.do(m)
			m.judged()
			if v := m.violation(); v != "" {
				t.Fatalf("%s, after %s", v, mv.name)
			}
		}
		if v := m.settles(); v != "" {
			t.Fatal(v)
		}
		for range 10 { // idle time changes nothing where nothing expires
			m.tick++
			if again := m.next(); again.Kind != Rest && m.lifetime == 0 {
				t.Fatalf("at rest it decides %s", again.Kind)
			}
		}
	})
}

// anyState is what a Secret may hold after us or after anybody.
func anyState(t *rapid.T) State {
	small := rapid.Int64Range(0, 6)
	s := State{Last: 6, Current: small.Draw(t, "current"), Handled: rapid.SampledFrom([]string{"", "a", "revoke-now/b"}).Draw(t, "handled"),
		Renew: small.Draw(t, "renew"), Revoked: small.Draw(t, "revoked")}
	for range rapid.IntRange(0, 5).Draw(t, "generations") {
		s.Generations = append(s.Generations, Generation{Number: small.Draw(t, "number"), Slot: rapid.SampledFrom([]Slot{Main, App}).Draw(t, "slot"),
			ID: rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "id"), User: rapid.SampledFrom([]string{"u", "v"}).Draw(t, "user"),
			Password: redact.New(rapid.SampledFrom([]string{"", "P1", "P2", "ü\x00"}).Draw(t, "password")), Created: anyTime(t), Expires: anyTime(t), Left: anyTime(t), Mirrored: rapid.Bool().Draw(t, "mirrored")})
	}
	return s
}

func anyTime(t *rapid.T) time.Time {
	if rapid.Bool().Draw(t, "never") {
		return time.Time{}
	}
	return epoch.Add(time.Duration(rapid.Int64Range(-1e12, 1e12).Draw(t, "time")))
}

// TestNextIsTotal: whatever is observed, it decides, the same again, and adds no
// app password without bytes.
func TestNextIsTotal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		numbers := rapid.MapOf(rapid.Int64Range(0, 6), rapid.Bool())
		o := Observed{State: anyState(t), Chosen: rapid.Bool().Draw(t, "chosen"), Holding: numbers.Draw(t, "holding"), Mirrored: numbers.Draw(t, "mirrored"), Others: rapid.IntRange(0, 6).Draw(t, "others"),
			Running: rapid.SampledFrom([]int64{0, 3, 7, Nobody}).Draw(t, "running"), Told: rapid.Int64Range(0, 9).Draw(t, "told"), Blind: rapid.Bool().Draw(t, "blind"), Refused: rapid.Int64Range(0, 6).Draw(t, "refused")}
		for _, id := range rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 0, 6).Draw(t, "apps") {
			o.Apps = append(o.Apps, Listed{ID: id, Name: NamePrefix("s") + rapid.SampledFrom([]string{"", "1", "9", "x"}).Draw(t, "name"), Expires: anyTime(t), Known: time.Duration(rapid.Int64Range(0, 1e11).Draw(t, "known"))})
		}
		d := Desired{Submission: "s", User: "u", Source: redact.New("P2"), Fresh: redact.New("F"), Issued: rapid.Bool().Draw(t, "issued"), Overlap: time.Duration(rapid.Int64Range(0, 1e12).Draw(t, "overlap")),
			Every: time.Duration(rapid.Int64Range(0, 1e12).Draw(t, "every")), Lifetime: time.Duration(rapid.Int64Range(0, 1e12).Draw(t, "lifetime")), Request: Request(rapid.SampledFrom([]string{"", "a", "revoke-now/b"}).Draw(t, "request"))}
		before := string(o.State.Encode())
		one, two := Next(o, d, epoch), Next(o, d, epoch)
		if one.Kind != two.Kind || one.App != two.App || !bytes.Equal(one.State.Encode(), two.State.Encode()) || string(o.State.Encode()) != before {
			t.Fatalf("%s, then %s", one.Kind, two.Kind)
		}
		if (one.Kind == Add || one.Kind == Restore || one.Kind == SetMain) && one.Generation.Password.Empty() {
			t.Fatalf("%s of no bytes", one.Kind)
		}
	})
}

// TestStateSurvivesItsSecret: what is read is what was written.
func TestStateSurvivesItsSecret(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyState(t)
		got, err := DecodeState(s.Encode())
		if err != nil || !bytes.Equal(got.Encode(), s.Encode()) || len(got.Generations) != len(s.Generations) {
			t.Fatalf("%v: %+v of %+v", err, got, s)
		}
	})
}

// FuzzDecodeState never panics, never quotes, and reads what it has read again.
func FuzzDecodeState(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(State{}.with(Generation{Slot: Main, User: "u", Password: redact.New("P1"), Created: epoch}).Encode())
	f.Add([]byte(`{"generations":[{"number":2,"slot":"x"}],"last":1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := DecodeState(text)
		if err != nil {
			if len(text) > 12 && bytes.Contains([]byte(err.Error()), text) {
				t.Error("the error quotes the Secret")
			}
			return
		}
		again, err := DecodeState(s.Encode())
		if err != nil || !bytes.Equal(again.Encode(), s.Encode()) {
			t.Errorf("read again: %v", err)
		}
	})
}
