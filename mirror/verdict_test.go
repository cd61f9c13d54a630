package mirror_test

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/openova-io/smtp-mirror/mirror"
	"github.com/openova-io/smtp-mirror/submission"
)

func TestSideOf(t *testing.T) {
	const mark, one, two = "catalyst.openova.io/seed-phase", "phase-1-mothership-relay", "phase-2-sovereign-stalwart"
	const generation = "smtp-mirror.openova.io/generation"
	rows := []struct {
		name                      string
		label, annotation, number string
		want                      mirror.Side
	}{
		{"no marks", "", "", "", mirror.SideOwn},
		{"the installer's seed", "", one, "", mirror.SideSeed},
		{"a seed with the label too", one, one, "", mirror.SideSeed},
		{"our own relay", two, two, "1", mirror.SideOwn},
		{"gone back", one, one, "2", mirror.SideFallback},
		{"gone back, the label lost", "", one, "2", mirror.SideFallback},
		{"gone back, the annotation lost", one, "", "2", mirror.SideFallback},
		{"our own relay, the annotation put back", two, one, "1", mirror.SideOwn},
		{"our own relay, all marks lost", "", "", "1", mirror.SideOwn},
		{"a phase that nobody knows", "phase-3", one, "1", mirror.SideOwn},
	}
	if mirror.SideOf(nil) != mirror.SideOwn || mirror.FellBack(nil) {
		t.Error("what is not there has gone back")
	}
	for _, row := range rows {
		s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{}, Annotations: map[string]string{}}}
		for set, value := range map[*map[string]string]string{&s.Labels: row.label, &s.Annotations: row.annotation} {
			if value != "" {
				(*set)[mark] = value
			}
		}
		if row.number != "" {
			s.Annotations[generation] = row.number
		}
		if got := mirror.SideOf(s); got != row.want || mirror.FellBack(s) != (row.want == mirror.SideFallback) {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
}

func TestJudge(t *testing.T) {
	const after = 2 * time.Minute
	now := time.Unix(10000, 0)
	health := func(accepted bool, since, last time.Duration) submission.Health {
		return submission.Health{Accepted: accepted, Since: now.Add(-since), Last: now.Add(-last)}
	}
	rows := []struct {
		name string
		side mirror.Side
		h    submission.Health
		want mirror.Verdict
	}{
		{"a seed waits for nothing but its proof", mirror.SideSeed, health(false, time.Hour, 0), mirror.Verdict{}},
		{"nothing is known", mirror.SideOwn, submission.Health{}, mirror.Verdict{Ask: true, Wait: time.Minute}},
		{"nothing is known on the other side", mirror.SideFallback, submission.Health{}, mirror.Verdict{Ask: true, Wait: time.Minute}},
		{"it works", mirror.SideOwn, health(true, time.Hour, 20*time.Second), mirror.Verdict{Wait: 40 * time.Second}},
		{"it worked a while ago", mirror.SideOwn, health(true, time.Hour, time.Minute), mirror.Verdict{Ask: true, Wait: time.Minute}},
		{"it fails since just now", mirror.SideOwn, health(false, 0, 0), mirror.Verdict{Wait: time.Minute}},
		{"the end is near", mirror.SideOwn, health(false, 110*time.Second, 5*time.Second), mirror.Verdict{Wait: 10 * time.Second}},
		{"time is over, and nobody has looked", mirror.SideOwn, health(false, 3*time.Minute, 70*time.Second), mirror.Verdict{Ask: true, Wait: time.Minute}},
		{"one failure long ago", mirror.SideOwn, health(false, time.Hour, time.Hour), mirror.Verdict{Ask: true, Wait: time.Minute}},
		{"almost", mirror.SideOwn, health(false, after-1, 0), mirror.Verdict{Wait: 1}},
		{"it has failed for so long", mirror.SideOwn, health(false, after, 0), mirror.Verdict{Switch: true, Wait: time.Minute}},
		{"back, and it still fails", mirror.SideFallback, health(false, time.Hour, 0), mirror.Verdict{Wait: time.Minute}},
		{"back, and it works again", mirror.SideFallback, health(true, time.Minute, 0), mirror.Verdict{Wait: time.Minute}},
		{"back, and it has worked for so long", mirror.SideFallback, health(true, after, 0), mirror.Verdict{Switch: true, Wait: time.Minute}},
	}
	for _, row := range rows {
		if got := mirror.Judge(row.side, row.h, after, now); got != row.want {
			t.Errorf("%s: %+v, want %+v", row.name, got, row.want)
		}
	}
}

// answer is one login.
type answer struct {
	at       time.Time
	accepted bool
}

// TestLawNoFlapping drives one target through any life of a relay: it switches only
// after logins of one kind over at least after, so never twice within it; and a
// relay that stays as it is decides, soon after that time, where it is asked as the
// verdict wants.
func TestLawNoFlapping(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		after := time.Duration(rapid.Int64Range(2, 300).Draw(t, "after")) * time.Second
		side := rapid.SampledFrom([]mirror.Side{mirror.SideOwn, mirror.SideFallback}).Draw(t, "side")
		now, h := time.Unix(1000, 0), submission.Health{}
		var answers []answer
		var switched time.Time
		step := func(accepted, login bool) {
			if login {
				h, answers = h.Next(accepted, now), append(answers, answer{now, accepted})
			}
			v := mirror.Judge(side, h, after, now)
			if v.Wait <= 0 || v.Ask && v.Switch {
				t.Fatalf("%+v", v)
			}
			if !v.Switch {
				return
			}
			lawful(t, answers, after, side)
			if !switched.IsZero() && now.Sub(switched) < after {
				t.Fatalf("twice within %s", now.Sub(switched))
			}
			switched, side = now, other(side)
		}
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.Int64Range(0, 400).Draw(t, "pause")) * time.Second / 2)
			step(rapid.Bool().Draw(t, "accepted"), rapid.Bool().Draw(t, "login"))
		}
		settles(t, &now, step, func() (mirror.Side, mirror.Verdict) { return side, mirror.Judge(side, h, after, now) }, after)
	})
}

func other(s mirror.Side) mirror.Side {
	if s == mirror.SideOwn {
		return mirror.SideFallback
	}
	return mirror.SideOwn
}

// lawful checks the logins before a switch.
func lawful(t *rapid.T, answers []answer, after time.Duration, from mirror.Side) {
	last := answers[len(answers)-1]
	for i := len(answers) - 1; i >= 0 && answers[i].accepted == (from == mirror.SideFallback); i-- {
		if last.at.Sub(answers[i].at) >= after {
			return
		}
	}
	t.Fatalf("it left %s without logins for %s", from, after)
}

// settles lets the relay be as it is from now on, and be asked as wanted.
func settles(t *rapid.T, now *time.Time, step func(accepted, login bool), state func() (mirror.Side, mirror.Verdict), after time.Duration) {
	accepted, end := rapid.Bool().Draw(t, "in the end"), now.Add(2*after+time.Second)
	want := mirror.SideFallback
	if accepted {
		want = mirror.SideOwn
	}
	for now.Before(end) {
		_, v := state()
		step(accepted, v.Ask)
		_, v = state()
		*now = now.Add(v.Wait)
	}
	if side, _ := state(); side != want {
		t.Fatalf("after %s of the same answer it is on the side %s", 2*after, side)
	}
}
