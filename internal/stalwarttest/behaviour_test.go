package stalwarttest

import (
	"errors"
	"net"
	"net/textproto"
	"slices"
	"strings"
	"testing"
)

// code is the SMTP reply code behind an error, 0 for none.
func code(err error) int {
	var reply *textproto.Error
	if errors.As(err, &reply) {
		return reply.Code
	}
	return 0
}

func loginCode(t *testing.T, s *Server, login, password string) int {
	t.Helper()
	_, err := smtpLogin(t, s, login, password)
	return code(err)
}

func mailCode(t *testing.T, s *Server, from string) int {
	t.Helper()
	client, err := smtpLogin(t, s, "noreply@example.test", testPassword)
	if err != nil {
		t.Fatal(err)
	}
	return code(client.Mail(from))
}

func action(t *testing.T, s *Server, kind string) object {
	t.Helper()
	_, result := jmapCall(t, s, "x:Action/set", object{"create": object{"a": object{"@type": kind}}})
	return result
}

func createNoreply(t *testing.T, s *Server, names ...string) {
	t.Helper()
	name, result := jmapCall(t, s, "x:Account/set", object{"create": object{"n": object{
		"@type": "User", "name": "noreply", "domainId": "b", "aliases": aliases("b", names...), "credentials": password(testPassword),
	}}})
	if result["created"] == nil {
		t.Fatalf("%s %v", name, result)
	}
}

func setAliases(t *testing.T, s *Server, names ...string) {
	t.Helper()
	_, result := jmapCall(t, s, "x:Account/set", object{"update": object{"b": object{"aliases": aliases("b", names...)}}})
	if result["updated"] == nil {
		t.Fatal(result)
	}
}

func TestNegativeCache(t *testing.T) {
	for _, c := range []struct {
		version string
		after   int // code of the login after the account was created
	}{{"0.16.18", 0}, {"0.16.3", 535}} {
		s := start(t, Options{Version: c.version, Domain: "example.test"})
		if got := loginCode(t, s, "noreply@example.test", testPassword); got != 535 {
			t.Errorf("%s: login of nobody: %d", c.version, got)
		}
		createNoreply(t, s)
		if got := loginCode(t, s, "noreply@example.test", testPassword); got != c.after {
			t.Errorf("%s: login after the creation: %d, wanted %d", c.version, got, c.after)
		}
		action(t, s, "InvalidateNegativeCaches")
		if got := loginCode(t, s, "noreply@example.test", testPassword); got != 0 {
			t.Errorf("%s: login after the action: %d", c.version, got)
		}
	}
}

func TestTwoProcessesOnOneStore(t *testing.T) {
	one := start(t, Options{Domain: "example.test"})
	two := start(t, Options{Peer: one, Hostname: "two.example.test"})
	createNoreply(t, one, "alerts")
	if one.BootID() == two.BootID() {
		t.Error("both processes have the same boot id")
	}
	if got := mailCode(t, two, "alerts@example.test"); got != 0 {
		t.Fatalf("first grant: %d", got)
	}
	setAliases(t, one, "newgrant")
	if got := mailCode(t, one, "newgrant@example.test"); got != 0 {
		t.Errorf("new grant on the process that wrote it: %d", got)
	}
	if got := mailCode(t, two, "newgrant@example.test"); got != 501 {
		t.Errorf("new grant on the other process: %d", got)
	}
	if got := mailCode(t, two, "alerts@example.test"); got != 0 {
		t.Errorf("revoked grant on the other process: %d", got)
	}
	setAliases(t, two, "newgrant") // nothing changes, so nothing is forgotten
	if got := mailCode(t, two, "newgrant@example.test"); got != 501 {
		t.Errorf("after writing the same again: %d", got)
	}
	action(t, two, "InvalidateCaches")
	if got := mailCode(t, two, "newgrant@example.test"); got != 0 {
		t.Errorf("after InvalidateCaches: %d", got)
	}
}

func TestSessionKeepsItsGrants(t *testing.T) {
	s := start(t, Options{Domain: "example.test"})
	createNoreply(t, s, "alerts")
	client, err := smtpLogin(t, s, "noreply@example.test", testPassword)
	if err != nil {
		t.Fatal(err)
	}
	setAliases(t, s)
	if err := client.Mail("alerts@example.test"); err != nil {
		t.Errorf("the open session lost its grant: %v", err)
	}
	if got := mailCode(t, s, "alerts@example.test"); got != 501 {
		t.Errorf("a new session still has it: %d", got)
	}
}

func TestSignerCache(t *testing.T) {
	s := start(t, Options{Domain: "example.test"})
	s.WaitForKeys()
	createNoreply(t, s)
	l := &lab{t: t, s: s}
	signers := func() []string {
		deliver(l)
		all := s.Deliveries()
		return all[len(all)-1].SignedBy
	}
	if got := signers(); len(got) != 2 {
		t.Fatalf("signed by %v", got)
	}
	if err := s.AddDKIMKey("example.test", "extra"); err != nil {
		t.Fatal(err)
	}
	if got := signers(); slices.Contains(got, "extra") {
		t.Error("the new key signs although the signers are cached")
	}
	action(t, s, "InvalidateCaches")
	if got := signers(); !slices.Contains(got, "extra") {
		t.Errorf("signed by %v after InvalidateCaches", got)
	}
}

func TestRestartAndWipe(t *testing.T) {
	s := start(t, Options{Domain: "example.test"})
	s.WaitForKeys()
	createNoreply(t, s, "alerts")
	boot, url, keys := s.BootID(), s.URL(), s.DKIMRecords("example.test")
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := net.Dial("tcp", strings.TrimPrefix(url, "http://")); err == nil {
		t.Error("the port accepts connections while the server is stopped")
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	if s.BootID() == boot || s.URL() != url {
		t.Errorf("boot id %s after %s, url %s after %s", s.BootID(), boot, s.URL(), url)
	}
	if got := mailCode(t, s, "alerts@example.test"); got != 0 {
		t.Errorf("the grant did not survive: %d", got)
	}
	s.Wipe()
	if got := mailCode(t, s, "alerts@example.test"); got != 0 {
		t.Errorf("the volume is lost before the restart: %d", got)
	}
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	s.WaitForKeys()
	again := s.DKIMRecords("example.test")
	if len(s.Accounts()) != 0 || len(again) != len(keys) || again[0].Selector != keys[0].Selector || again[0].Record == keys[0].Record {
		t.Errorf("accounts %v, keys %v after %v", s.Accounts(), again, keys)
	}
}

func TestListenerWaitsForRestart(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	free.Close()
	s := start(t, Options{SubmissionAddr: "-", SubmissionsAddr: "-"})
	jmapCall(t, s, "x:NetworkListener/set", object{"create": object{
		"s": object{"name": "submission", "protocol": "smtp", "bind": object{addr: true}},
		"w": object{"name": "wildcard", "protocol": "smtp", "bind": object{"[::]:587": true}},
	}})
	action(t, s, "ReloadSettings")
	if _, err := net.Dial("tcp", addr); err == nil {
		t.Error("the listener is there before the restart")
	}
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}
