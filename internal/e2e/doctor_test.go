package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/doctor"
	"github.com/openova-io/smtp-mirror/internal/dnstest"
	"github.com/openova-io/smtp-mirror/internal/rig"
	"github.com/openova-io/smtp-mirror/zone"
)

// doctor runs `smtp-mirror doctor --json` to its end.
func (s *site) doctor(args ...string) (code int, r doctor.Report) {
	s.t.Helper()
	return s.doctorAs(s.Kubeconfig, args...)
}

// doctorAs runs it with somebody's rights.
func (s *site) doctorAs(kubeconfig string, args ...string) (code int, r doctor.Report) {
	s.t.Helper()
	p, err := s.RunAs(kubeconfig, append([]string{"doctor", "--json", "--outgoing-ip", "127.0.0.1"}, args...)...)
	must(s.t, err)
	s.lives = append(s.lives, p)
	code, err = p.Wait(s.t.Context())
	must(s.t, err)
	decoder := json.NewDecoder(strings.NewReader(p.Output()))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		s.t.Fatalf("%v in %s", err, p.Output())
	}
	return code, r
}

// found gives the findings of a check ("" = of all) with some verdict.
func found(r doctor.Report, check string, is ...doctor.Verdict) []doctor.Finding {
	return slices.DeleteFunc(slices.Clone(r.Findings), func(f doctor.Finding) bool {
		return check != "" && f.Check != check || !slices.Contains(is, f.Verdict)
	})
}

// outside is a name server that publishes what a site needs, and a mail server of
// somebody else.
func outside(t *testing.T) (names *dnstest.Server, mail string) {
	t.Helper()
	names, err := dnstest.Start(t.Context(), "127.0.0.1:0")
	must(t, err)
	must(t, names.SetZone(rig.Domain, "@ MX 10 mail", "mail A 127.0.0.1", `@ TXT "v=spf1 a mx ~all"`, `_dmarc TXT "v=DMARC1; p=quarantine; rua=mailto:postmaster@example.test"`,
		`_smtp._tls TXT "v=TLSRPTv1; rua=mailto:postmaster@example.test"`))
	must(t, names.SetZone("127.in-addr.arpa", "1.0.0 PTR mail.example.test."))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte("220 mx.example.net ESMTP\r\n"))
			_ = c.Close()
		}
	}()
	return names, l.Addr().String()
}

// TestDoctor on a whole installation, with the controller's own rights: everything is
// right, then one thing after the other is not.
func TestDoctor(t *testing.T) {
	t.Parallel()
	names, mail := outside(t)
	s := newSite(t, layout{domain: rig.Domain, tune: func(c *config.Config) { c.DNS.Servers, c.DNS.Recursive = []string{names.Addr}, names.Addr }})
	code, r := s.doctor("--port25", mail)
	if code != 1 || len(found(r, "mirror", doctor.Wrong)) != 1 {
		t.Errorf("before the cutover: exit code %d, %+v", code, found(r, "", doctor.Wrong, doctor.Unknown))
	}
	if code, out := s.once(); code != 0 {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	s.until("Stalwart has made both keys", patience, func(context.Context) bool { return len(s.publicKeys()) == 2 })
	publishKeys(t, s, names)
	if code, r := s.doctor("--port25", mail, "--login"); code != 0 || len(found(r, "dkim", doctor.OK)) != 3 || len(found(r, "mirror", doctor.OK)) != 2 {
		t.Errorf("exit code %d, %+v", code, r)
	}
	if code, _ := s.doctor(); code != 2 {
		t.Errorf("without an outside server the exit code is %d", code)
	}
	for selector := range s.publicKeys() {
		names.Drop(selector+"._domainkey."+rig.Domain, "TXT")
	}
	s.editSecret(s.Consumer, rig.MirrorSecret, func(data map[string][]byte) { data["smtp-pass"] = []byte("canary-another-PASSWORD-of-a-mirror") })
	s.secret("canary-another-PASSWORD-of-a-mirror")
	code, r = s.doctor("--port25", mail, "--login")
	if wrong := found(r, "dkim", doctor.Wrong); code != 1 || len(wrong) != 2 || !strings.HasPrefix(wrong[0].Got, "Missing") || wrong[0].Todo == "" || !strings.HasPrefix(wrong[0].Want, "v=DKIM1") {
		t.Errorf("exit code %d, %+v", code, wrong)
	}
	if wrong := found(r, "mirror", doctor.Wrong); len(wrong) != 2 {
		t.Errorf("%+v", wrong)
	}
}

// publishKeys puts what Stalwart signs with into the DNS.
func publishKeys(t *testing.T, s *site, names *dnstest.Server) {
	t.Helper()
	for _, k := range s.mail.DKIMRecords(rig.Domain) {
		must(t, names.Put(rig.Domain, fmt.Sprintf("%s._domainkey TXT %s", k.Selector, zone.Quote(k.Record))))
	}
}

// TestDoctorAsksForRights: one's own, or those of the controller's account.
func TestDoctorAsksForRights(t *testing.T) {
	t.Parallel()
	names, _ := outside(t)
	s := newSite(t, layout{domain: rig.Domain, tune: func(c *config.Config) { c.DNS.Servers, c.DNS.Recursive = []string{names.Addr}, names.Addr }})
	_, err := s.Take(t.Context(), rig.Right{Namespace: s.Consumer, Verb: "patch", Resource: "secrets", Name: rig.MirrorSecret})
	must(t, err)
	admin := filepath.Join(t.TempDir(), "admin")
	must(t, s.ControlPlane.WriteKubeconfig(admin, s.AdminConfig))
	denied := "patch secrets/" + rig.MirrorSecret + " -n " + s.Consumer
	s.until("the right is gone", patience, func(context.Context) bool {
		_, r := s.doctor()
		wrong := found(r, "permissions", doctor.Wrong)
		return len(wrong) == 1 && wrong[0].Object == denied
	})
	if _, r := s.doctorAs(admin); len(found(r, "permissions", doctor.OK)) != 1 || len(found(r, "permissions", doctor.Wrong, doctor.Unknown)) > 0 {
		t.Errorf("the administrator: %+v", r)
	}
	if _, r := s.doctorAs(admin, "--service-account", s.Home+"/"+rig.ServiceAccount); len(found(r, "permissions", doctor.Wrong)) != 1 {
		t.Errorf("the administrator about the controller: %+v", found(r, "permissions", doctor.Wrong, doctor.OK, doctor.Unknown))
	}
}

// TestDoctorWithEverythingHanging: everybody takes the question and never answers. It
// ends soon all the same, and every check has its say.
func TestDoctorWithEverythingHanging(t *testing.T) {
	t.Parallel()
	silent, err := dnstest.Start(t.Context(), "127.0.0.1:0")
	must(t, err)
	silent.Lie(dnstest.Silent)
	hole, err := net.Listen("tcp", "127.0.0.1:0") // connections wait in its queue
	must(t, err)
	t.Cleanup(func() { _ = hole.Close() })
	at := hole.Addr().String()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	must(t, os.WriteFile(kubeconfig, []byte(fmt.Sprintf(`{"apiVersion":"v1","kind":"Config","current-context":"x","clusters":[{"name":"x","cluster":{"server":"http://%s"}}],"contexts":[{"name":"x","context":{"cluster":"x"}}]}`, at)), 0o600))
	file := configFile(t, fmt.Sprintf("domain: example.test\nstalwart: {url: \"http://%s\"}\ndns: {servers: [%q], recursive: %q}\nsubmissions: [{probe: {address: %q}, mirrors: [{consumers: [{namespace: use, name: x}]}]}]\n", at, silent.Addr, silent.Addr, at))
	begin := time.Now()
	code, stdout, stderr := command(t, "doctor", "--json", "--config", file, "--kubeconfig", kubeconfig, "--outgoing-ip", "192.0.2.1", "--port25", at)
	took := time.Since(begin)
	fmt.Printf("doctor with everything hanging: %s%s\n", took.Round(10*time.Millisecond), map[bool]string{true: " MISSED"}[took > 10*time.Second])
	var r doctor.Report
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || code != 1 {
		t.Fatalf("exit code %d, %v, %s", code, err, stderr)
	}
	for _, c := range doctor.Checks() {
		if len(found(r, c.Name, doctor.Wrong, doctor.Unknown)) == 0 {
			t.Errorf("nothing of %s is unknown or wrong", c.Name)
		}
	}
	if wrong := found(r, "", doctor.Wrong); len(wrong) != 1 || wrong[0].Check != "port25" { // where silence is the answer
		t.Errorf("%+v", wrong)
	}
}
