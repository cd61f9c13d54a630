package stalwartsync

import (
	"strings"
	"testing"

	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
)

func wanted(t *testing.T, user string) Desired {
	t.Helper()
	c := credentials(nil)
	c.User = user
	d, err := Desire(c, Wish{Domain: "example.test", ListenerManage: true, ListenerName: "submission"}, stalwart.Gen016)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestObstacle: what is found before anything is written.
func TestObstacle(t *testing.T) {
	denied := &stalwart.Account{Denied: []stalwart.Permission{stalwart.SendMail}}
	rows := []struct {
		name   string
		user   string
		o      Observed
		reason string
	}{
		{"a fresh server", "noreply", Observed{Generation: stalwart.Gen016}, ""},
		{"our default domain", "noreply", Observed{Generation: stalwart.Gen016, Defaults: stalwart.Defaults{Domain: "example.test"}}, ""},
		{"another default domain, bare login", "noreply", Observed{Generation: stalwart.Gen016, Defaults: stalwart.Defaults{Domain: "other.test"}}, ReasonDefaultDomainDiffers},
		{"another default domain, full login", "noreply@example.test", Observed{Generation: stalwart.Gen016, Defaults: stalwart.Defaults{Domain: "other.test"}}, ""},
		{"0.15 completes nothing", "noreply", Observed{Generation: stalwart.Gen015, Defaults: stalwart.Defaults{Domain: "other.test"}}, ""},
		{"a permission taken away", "noreply", Observed{Generation: stalwart.Gen015, Account: denied}, ReasonPermissionDenied},
		{"one that is not needed", "noreply", Observed{Account: &stalwart.Account{Denied: []stalwart.Permission{stalwart.ReceiveMail}}}, ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) { hold(t, Obstacle(row.o, wanted(t, row.user)), row.reason) })
	}
}

// TestDiagnose: what a login that was not accepted means, by what Stalwart is
// told to bind and where its port answers.
func TestDiagnose(t *testing.T) {
	serving := []stalwart.Listener{{ID: "1", Name: "submission", Protocol: "smtp", Binds: []string{"[::]:587"}}}
	elsewhere := []stalwart.Listener{{Name: "smtp", Protocol: "smtp", Binds: []string{"[::]:25"}}, {Name: "imap", Protocol: "imap", Binds: []string{"[::]:587"}}}
	rows := []struct {
		name      string
		verdict   smtpprobe.Verdict
		o         Observed
		listening bool
		reason    string
		retry     bool
	}{
		{"no listener on 0.16", smtpprobe.Unreachable, Observed{Generation: stalwart.Gen016, Listeners: elsewhere}, false, ReasonListenerMissing, false},
		{"no listener on 0.15", smtpprobe.Unreachable, Observed{Generation: stalwart.Gen015}, false, ReasonListenerMissing, false},
		{"settings of 0.15 that may not be read", smtpprobe.Unreachable, Observed{Generation: stalwart.Gen015, Hidden: true}, false, "SubmissionUnreachable", true},
		{"bound by the next start", smtpprobe.Unreachable, Observed{Generation: stalwart.Gen016, Listeners: serving}, false, ReasonListenerNeedsRestart, false},
		{"0.15 is down", smtpprobe.Unreachable, Observed{Generation: stalwart.Gen015, Listeners: serving}, false, "SubmissionUnreachable", true},
		{"the way to it is broken", smtpprobe.Unreachable, Observed{Generation: stalwart.Gen016, Listeners: serving}, true, "SubmissionUnreachable", true},
		{"busy", smtpprobe.TemporaryError, Observed{}, true, "SubmissionBusy", true},
		{"strange", smtpprobe.ProtocolError, Observed{}, true, "SubmissionAnswersStrangely", true},
		{"no trust", smtpprobe.NotTrusted, Observed{}, true, "TLSNotTrusted", false},
		{"no TLS", smtpprobe.NoTLS, Observed{}, true, "TLSNotOffered", false},
		{"no AUTH", smtpprobe.NoAuth, Observed{}, true, "AuthNotOffered", false},
		{"the password", smtpprobe.PasswordRefused, Observed{}, true, "PasswordRefused", false},
		{"a permission", smtpprobe.NotAuthorized, Observed{}, true, "AccountNotAuthorized", false},
		{"an address", smtpprobe.SenderRefused, Observed{}, true, "SenderRefused", false},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got := Diagnose(smtpprobe.Result{Verdict: row.verdict, Detail: "what the server said"}, row.o, wanted(t, "noreply"), row.listening)
			hold(t, &got, row.reason)
			if got.Retry != row.retry {
				t.Errorf("retry %t", got.Retry)
			}
			if row.verdict != smtpprobe.Unreachable && !strings.Contains(got.Message, "what the server said") {
				t.Errorf("%q leaves out what the server said", got.Message)
			}
		})
	}
}

// TestLearn: what each verdict says about what cannot be read.
func TestLearn(t *testing.T) {
	rows := []struct {
		name    string
		before  Belief
		verdict smtpprobe.Verdict
		after   Belief
	}{
		{"a refused password", Belief{}, smtpprobe.PasswordRefused, Belief{PasswordStale: true}},
		{"refused although it was set", Belief{PasswordTried: true}, smtpprobe.PasswordRefused, Belief{PasswordStale: true, PasswordTried: true}},
		{"accepted but not permitted", Belief{PasswordStale: true}, smtpprobe.NotAuthorized, Belief{Unauthorized: true}},
		{"logged in, an address refused", Belief{Unauthorized: true, RightsTried: true}, smtpprobe.SenderRefused, Belief{RightsTried: true, SendersRefused: true}},
		{"nobody answered", Belief{PasswordStale: true}, smtpprobe.Unreachable, Belief{PasswordStale: true}},
		{"accepted", Belief{true, true, true, true, true, true}, smtpprobe.Accepted, Belief{}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if got := row.before.Learn(row.verdict); got != row.after {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestFindings: beside a login that works.
func TestFindings(t *testing.T) {
	reload := &stalwart.ReloadError{Blocker: "x:Certificate c", Detail: "cannot be built"}
	rows := []struct {
		name   string
		o      Observed
		reload *stalwart.ReloadError
		pods   error
		reason string
	}{
		{"nothing", Observed{Generation: stalwart.Gen016}, nil, nil, ""},
		{"a reload", Observed{}, reload, nil, stalwart.ReasonReloadFailed},
		{"a pod", Observed{}, nil, reload, ReasonPodsNotTold},
		{"no hostname on 0.15", Observed{Generation: stalwart.Gen015}, nil, nil, ReasonHostnameMissing},
		{"it may not be read", Observed{Generation: stalwart.Gen015, Hidden: true}, nil, nil, ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if reason, message := Findings(row.o, row.reload, row.pods, nil); reason != row.reason || (reason == "") != (message == "") {
				t.Errorf("%s: %q", reason, message)
			}
		})
	}
}
