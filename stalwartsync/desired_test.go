package stalwartsync

import (
	"errors"
	"slices"
	"testing"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/submission"
)

func credentials(change func(c *submission.Credentials)) submission.Credentials {
	c := submission.Credentials{Host: "mail.example.test", Port: 587, From: "NoReply@example.test", User: "noreply", Password: redact.New(canary)}
	if change != nil {
		change(&c)
	}
	return c
}

// TestLoginProblem: which names can log in to which generation.
func TestLoginProblem(t *testing.T) {
	rows := []struct {
		user       string
		generation stalwart.Generation
		says       string // "" = it can
	}{
		{"noreply", stalwart.Gen015, ""},
		{"noreply@example.test", stalwart.Gen015, ""},
		{"noreply@elsewhere.test", stalwart.Gen015, ""}, // a name like any other
		{"NoReply", stalwart.Gen015, "upper case"},
		{"noreply@Example.test", stalwart.Gen015, "upper case"},
		{"noreply", stalwart.Gen016, ""},
		{"NoReply", stalwart.Gen016, ""}, // logins are lower-cased
		{"noreply@EXAMPLE.test", stalwart.Gen016, ""},
		{"noreply@elsewhere.test", stalwart.Gen016, "another domain than example.test"},
		{"noreply@sub.example.test", stalwart.Gen016, "another domain than example.test"},
	}
	for _, row := range rows {
		t.Run(row.user+" on "+string(row.generation), func(t *testing.T) {
			_, err := Desire(credentials(func(c *submission.Credentials) { c.User = row.user }), Wish{Domain: "example.test"}, row.generation)
			var field *submission.FieldError
			if row.says == "" && err != nil || row.says != "" && (!errors.As(err, &field) || field.Key != "smtp-user" || !says(err, row.says)) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestDesire: what is wanted of Stalwart, from the SOURCE and the configuration.
func TestDesire(t *testing.T) {
	w := Wish{Domain: "Example.test", SendAs: []string{"Alerts@example.test", "noreply@example.test"}, ListenerManage: true, ListenerName: "submission"}
	d, err := Desire(credentials(nil), w, stalwart.Gen016)
	if err != nil {
		t.Fatal(err)
	}
	if d.Domain != "example.test" || d.Hostname != "mail.example.test" || d.Login != (stalwart.Login{User: "noreply", Domain: "example.test"}) || d.Password.Reveal() != canary {
		t.Errorf("%+v", d)
	}
	if !slices.Equal(d.Addresses, []string{"alerts@example.test", "noreply@example.test"}) {
		t.Errorf("%q", d.Addresses)
	}
	if !slices.Equal(d.Permissions, []stalwart.Permission{"authenticate", "send"}) {
		t.Errorf("more permissions than a submission needs: %q", d.Permissions)
	}
	if l := d.Listener; l.Name != "submission" || l.Protocol != "smtp" || !slices.Equal(l.Binds, []string{"[::]:587"}) || l.Implicit || !d.Manage {
		t.Errorf("%+v", l)
	}
	w.ReceiveBounces, w.ListenerBind = true, "0.0.0.0:465"
	d, err = Desire(credentials(func(c *submission.Credentials) { c.Port = 465 }), w, stalwart.Gen016)
	if err != nil || !slices.Contains(d.Permissions, stalwart.ReceiveMail) || !d.Listener.Implicit || d.Listener.Binds[0] != "0.0.0.0:465" {
		t.Errorf("%+v, %v", d, err)
	}
}

// TestPlanOfAFreshServer: everything, in an order in which it can succeed.
func TestPlanOfAFreshServer(t *testing.T) {
	w := Wish{Domain: "example.test", ListenerManage: true, ListenerName: "submission", SendAs: []string{"alerts@example.test"}}
	rows := map[stalwart.Generation][]string{
		stalwart.Gen016: {"CreateDomain example.test", "SetDefaults hostname mail.example.test domain example.test", "BindListener submission on [::]:587", "CreateAccount noreply"},
		stalwart.Gen015: {"CreateDomain example.test", "CreateAccount noreply"},
	}
	for g, want := range rows {
		d, err := Desire(credentials(nil), w, g)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, op := range Plan(Observed{Generation: g}, d, Belief{}) {
			got = append(got, op.String())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q", g, got)
		}
	}
}

// TestCovers: an address by itself, or the whole domain.
func TestCovers(t *testing.T) {
	rows := []struct {
		granted []string
		want    bool
	}{
		{nil, false},
		{[]string{"a@example.test"}, true},
		{[]string{"@example.test"}, true},
		{[]string{"@other.test"}, false},
		{[]string{"b@example.test"}, false},
	}
	for _, row := range rows {
		if got := covers(row.granted, "a@example.test"); got != row.want {
			t.Errorf("%q: %t", row.granted, got)
		}
	}
}
