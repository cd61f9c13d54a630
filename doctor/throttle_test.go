package doctor_test

import (
	"context"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/doctor"
	"github.com/openova-io/smtp-mirror/internal/stalwarttest"
	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/stalwart"
)

// shipped are the throttles of a fresh Stalwart.
func shipped() (connections, recipient stalwart.Throttle) {
	return stalwart.Throttle{Name: "ip", Enabled: true, Key: []string{"remoteIp"}, Count: 5, Period: time.Second, Match: "true"},
		stalwart.Throttle{Name: "sender", Enabled: true, Key: []string{"rcpt", "senderDomain"}, Count: 25, Period: time.Hour, Match: "true"}
}

// TestWhichThrottlesStopPINs.
func TestWhichThrottlesStopPINs(t *testing.T) {
	connections, recipient := shipped()
	rows := []struct {
		name   string
		of     stalwart.Throttle
		change func(x *stalwart.Throttle)
		stops  bool
	}{
		{"connections as shipped", connections, nil, true},
		{"recipients as shipped", recipient, nil, true},
		{"off", recipient, func(x *stalwart.Throttle) { x.Enabled = false }, false},
		{"who has logged in is exempt", recipient, func(x *stalwart.Throttle) { x.Match = "authenticated_as == ''" }, false},
		{"and more is asked", recipient, func(x *stalwart.Throttle) { x.Match = "is_empty(authenticated_as) && rcpt_domain == 'a'" }, false},
		{"either is enough", recipient, func(x *stalwart.Throttle) { x.Match = "is_empty(authenticated_as) || rcpt_domain == 'a'" }, true},
		{"either, behind both", recipient, func(x *stalwart.Throttle) { x.Match = "authenticated_as == '' && rcpt_domain == 'a' || sender == 'b'" }, true},
		{"the contrary", recipient, func(x *stalwart.Throttle) { x.Match = "authenticated_as != ''" }, true},
		{"port 25 only", connections, func(x *stalwart.Throttle) { x.Match = "local_port == 25" }, false},
		{"every other port", connections, func(x *stalwart.Throttle) { x.Match = "local_port != 25" }, true},
		{"nobody has logged in at the connection", connections, func(x *stalwart.Throttle) { x.Match = "authenticated_as == ''" }, false},
		{"never", connections, func(x *stalwart.Throttle) { x.Match = "false" }, false},
		{"many connections", connections, func(x *stalwart.Throttle) { x.Count = 50 }, false},
		{"not quite as many", connections, func(x *stalwart.Throttle) { x.Count = 49 }, true},
		{"many messages", recipient, func(x *stalwart.Throttle) { x.Count = 100 }, false},
		{"in another measure", recipient, func(x *stalwart.Throttle) { x.Count, x.Period = 600, 24*time.Hour }, true},
		{"no rate", recipient, func(x *stalwart.Throttle) { x.Count = 0 }, false},
		{"all recipients together", recipient, func(x *stalwart.Throttle) { x.Key, x.Count = []string{"senderDomain"}, 1000 }, true},
		{"what leaves", recipient, func(x *stalwart.Throttle) { x.Outbound, x.Key = true, []string{"rcptDomain"} }, true},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if row.change != nil {
				row.change(&row.of)
			}
			all := doctor.JudgeThrottles([]stalwart.Throttle{row.of})
			if len(all) != 1 || (all[0].Verdict == doctor.Warning) != row.stops || (all[0].Verdict == doctor.OK) == row.stops || row.stops == (all[0].Todo == "") {
				t.Errorf("%+v", all)
			}
		})
	}
}

// TestThrottlesOfAServer of each generation, as it is shipped and without.
func TestThrottlesOfAServer(t *testing.T) {
	for _, version := range []string{"0.16.18", "0.16.3", "0.15.5", "lite"} {
		t.Run(version, func(t *testing.T) {
			e := mailServer(t, stalwarttest.Options{Version: version, KeepThrottle: true})
			begins(t, examine(t, e, "throttles"), []string{"warning inbound throttle", "warning inbound throttle"})
		})
	}
	e := mailServer(t, stalwarttest.Options{})
	begins(t, examine(t, e, "throttles"), []string{"ok Stalwart: 2 throttles, none of which does"})
	e = mailServer(t, stalwarttest.Options{AdminPassword: "another"})
	begins(t, examine(t, e, "throttles"), []string{"unknown Stalwart: Stalwart refuses the password of the administrator"})
	e.Throttle = nil
	begins(t, examine(t, e, "throttles"), []string{"unknown Stalwart: "})
}

// mailServer is a world with a stand-in.
func mailServer(t *testing.T, o stalwarttest.Options) *doctor.Env {
	t.Helper()
	s, err := stalwarttest.Start(o)
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	conn := connect(t, s)
	return &doctor.Env{Domain: domain, Throttle: func(ctx context.Context) ([]stalwart.Throttle, error) {
		directory, err := conn.Detect(ctx)
		if err != nil {
			return nil, err
		}
		return directory.Throttles(ctx)
	}}
}

// connect asks a stand-in with the password of the defaults.
func connect(t *testing.T, s *stalwarttest.Server) *stalwart.Conn {
	t.Helper()
	conn, err := stalwart.NewConn(stalwart.Options{URL: s.URL(), Gate: stalwart.NewGate(), Credential: func() (stalwart.Credential, error) {
		return stalwart.Credential{User: stalwarttest.DefaultAdminUser, Password: redact.New(stalwarttest.DefaultAdminPassword)}, nil
	}})
	must(t, err)
	t.Cleanup(conn.Close)
	return conn
}
