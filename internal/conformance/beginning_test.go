package conformance

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/stalwartsync"
	"github.com/openova-io/smtp-mirror/submission"
)

func beginning() []scenario {
	return []scenario{
		{name: "the generation is told by behaviour", run: generationIsTold},
		{name: "an empty server converges and is proven", run: emptyServer},
		{name: "a second run writes nothing", run: secondRun},
		{name: "defaults that are set stay", only: stalwart.Gen016, run: defaultsStay},
		{name: "a wrong administrator password is offered twice at most", run: wrongAdministrator},
	}
}

func generationIsTold(t *testing.T, s *suite) {
	fleet := newFleet(t, s, s.tap.URL)
	directory, err := fleet.Detect(t.Context())
	must(t, err)
	if got := directory.Generation(); got != s.Generation() {
		t.Errorf("detected %s, want %s", got, s.Generation())
	}
	first, _, err := fleet.BootID(t.Context())
	must(t, err)
	second, _, err := fleet.BootID(t.Context())
	must(t, err)
	if first != second || first == "" && s.Generation() == stalwart.Gen016 {
		t.Errorf("the boot ids are %q and %q", first, second)
	}
	info, err := fleet.Identify(t.Context())
	must(t, err)
	// Releases with the same schema cannot be told from one another.
	if info.Generation != s.Generation() || info.Mode != stalwart.Normal || !strings.Contains(info.Version, s.Version()) {
		t.Errorf("identified as %+v, want %s", info, s.Version())
	}
}

func emptyServer(t *testing.T, s *suite) {
	r := newRigIn(t, s, mainDomain)
	want := []string{stalwartsync.ChangedDomain, stalwartsync.ChangedDefaults, stalwartsync.ChangedAccount, stalwartsync.ChangedProof}
	if s.Generation() == stalwart.Gen015 {
		want = slices.Delete(want, 1, 2) // the hostname belongs to its configuration file
	}
	r.run(t).converged(t).changed(t, want...).loggedIn(t, smtpprobe.Accepted)
	defaults := r.survey(t).Defaults
	if defaults.Hostname != hostname || s.Generation() == stalwart.Gen016 && defaults.Domain != mainDomain {
		t.Errorf("the defaults are %+v", defaults)
	}
}

// secondRun compares what is stored too: a write that changes nothing would
// still wake others.
func secondRun(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.wish.SendAs = []string{r.address("alerts")}
	r.run(t).converged(t)
	before, err := s.operator.Stored(t.Context(), r.login())
	must(t, err)
	r.run(t).converged(t).changed(t).wroteNothing(t).loggedIn(t, smtpprobe.Accepted)
	r.relay = r.newRelay() // as after a start of ours
	r.run(t).converged(t).changed(t).wroteNothing(t).loggedIn(t, smtpprobe.Accepted)
	after, err := s.operator.Stored(t.Context(), r.login())
	must(t, err)
	if after != before {
		t.Error("what is stored about the account has changed")
	}
}

func defaultsStay(t *testing.T, s *suite) {
	r := newRig(t, s)
	before := r.survey(t).Defaults
	r.source[submission.KeyHost] = "127.0.0.1"
	r.run(t).converged(t).changed(t, stalwartsync.ChangedAccount, stalwartsync.ChangedProof)
	after := r.survey(t).Defaults
	if after != before {
		t.Errorf("the defaults were %+v and are %+v", before, after)
	}
}

func wrongAdministrator(t *testing.T, s *suite) {
	user, _ := s.Admin()
	fleet, err := stalwart.NewFleet(stalwart.Options{URL: s.tap.URL, Gate: stalwart.NewGate(), Credential: func() (stalwart.Credential, error) {
		return stalwart.Credential{User: user, Password: redact.New("not the administrator's")}, nil
	}})
	must(t, err)
	t.Cleanup(fleet.CloseAll)
	mark := s.tap.mark()
	for range 5 {
		directory, err := fleet.Detect(t.Context())
		must(t, err)
		_, err = directory.Survey(t.Context(), stalwart.Scope{Settings: true})
		var rejected *stalwart.RejectedError
		if !errors.As(err, &rejected) {
			t.Fatalf("got %v, want a RejectedError", err)
		}
	}
	offered := slices.DeleteFunc(s.tap.since(mark), func(q request) bool { return !q.Credential })
	if len(offered) > 2 {
		t.Errorf("the password was offered %d times", len(offered))
	}
	newRig(t, s).run(t).converged(t) // nobody is banned
}
