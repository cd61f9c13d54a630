package doctor_test

import (
	"net"
	"strings"
	"testing"

	"github.com/openova-io/smtp-mirror/doctor"
)

// TestTheWayOut: what an outside server answers, or does not.
func TestTheWayOut(t *testing.T) {
	greets := func(text string) string {
		return listen(t, func(c net.Conn) { _, _ = c.Write([]byte(text)) }).Addr().String()
	}
	gone := listen(t, func(net.Conn) {})
	_ = gone.Close()
	for name, row := range map[string]struct{ address, want, says string }{
		"a mail server":       {greets("220 mx.example.net ESMTP\r\n"), "ok", "220 mx"},
		"one that is busy":    {greets("421 later\r\n"), "warning", "421"},
		"a block list":        {greets("554 your address is listed\r\n"), "warning", "554"},
		"no mail server":      {greets("HTTP/1.1 400 Bad Request\r\n"), "wrong", "HTTP"},
		"nothing":             {greets(""), "wrong", "EOF"},
		"nobody":              {gone.Addr().String(), "wrong", "refused"},
		"something to escape": {greets("220 \x1b[31m\r\n"), "ok", `220 \027[31m`},
	} {
		t.Run(name, func(t *testing.T) {
			lines := examine(t, &doctor.Env{DNS: dns{}, Port25: row.address}, "port25")
			if len(lines) != 1 || !strings.HasPrefix(lines[0], row.want+" ") || !strings.Contains(lines[0], row.says) {
				t.Errorf("%q", lines)
			}
		})
	}
}

// TestWhomToConnectTo: the one that is named, else the recipient's MX, else nobody.
func TestWhomToConnectTo(t *testing.T) {
	begins(t, examine(t, &doctor.Env{DNS: dns{}}, "port25"), []string{"unknown outgoing port 25: nobody is configured"})
	d := dns{"example.net MX": {"20 b.invalid", "10 A.invalid"}}
	begins(t, examine(t, &doctor.Env{DNS: d, ProofDomain: "example.net"}, "port25"), []string{"unknown outgoing a.invalid:25: the name cannot be resolved"})
	server := listen(t, func(c net.Conn) { _, _ = c.Write([]byte("220 hello\r\n")) })
	_, port, _ := net.SplitHostPort(server.Addr().String())
	d["mx.example.net A"] = []string{"127.0.0.9", "127.0.0.1"} // nobody listens at the first
	begins(t, examine(t, &doctor.Env{DNS: d, Port25: "mx.example.net:" + port}, "port25"), []string{"ok outgoing mx.example.net:" + port + ": 220 hello"})
	d["example.net MX"] = nil
	begins(t, examine(t, &doctor.Env{DNS: d, ProofDomain: "mx.invalid"}, "port25"), []string{"unknown outgoing mx.invalid:25: "})
	d["example.net MX"] = []string{"SERVFAIL"}
	begins(t, examine(t, &doctor.Env{DNS: d, ProofDomain: "example.net"}, "port25"), []string{"unknown outgoing port 25: ns1"})
	begins(t, examine(t, &doctor.Env{DNS: dns{}, Port25: "::1"}, "port25"), []string{"wrong outgoing [::1]:25: "})
}

// TestOneThatGreetsIsEnough: of the first three servers, and of all addresses of each,
// while the others are silent.
func TestOneThatGreetsIsEnough(t *testing.T) {
	t.Parallel()
	held := make(chan struct{})
	silent := listenAt(t, "127.0.0.1:0", func(net.Conn) { <-held })
	t.Cleanup(func() { close(held) })
	_, port, _ := net.SplitHostPort(silent.Addr().String())
	listenAt(t, "127.0.0.2:"+port, func(c net.Conn) { _, _ = c.Write([]byte("220 hello\r\n")) })
	listenAt(t, "127.0.0.3:"+port, func(c net.Conn) { _, _ = c.Write([]byte("554 no\r\n")) })
	for name, row := range map[string]struct{ of, want string }{
		"the second address": {"127.0.0.1 127.0.0.2", "ok outgoing mx.example.net:" + port + ": 220 hello"},
		"none":               {"127.0.0.1", "wrong outgoing mx.example.net:" + port + ": no answer in time"},
		"an open port":       {"127.0.0.1 127.0.0.3", "warning outgoing mx.example.net:" + port + ": 554 no"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := dns{"mx.example.net A": strings.Fields(row.of)}
			begins(t, examine(t, &doctor.Env{DNS: d, Port25: "mx.example.net:" + port}, "port25"), []string{row.want})
		})
	}
}

// TestThreeServersAreTried of a domain that has more.
func TestThreeServersAreTried(t *testing.T) {
	all := []doctor.Finding{{Object: "a", Verdict: doctor.Unknown, Got: "no name"}, {Object: "b", Verdict: doctor.Wrong, Got: "silent"}, {Object: "c", Verdict: doctor.OK, Got: "220"}}
	if f := doctor.Best(all[:3]); f.Object != "c" {
		t.Errorf("%+v", f)
	}
	f := doctor.Best([]doctor.Finding{{Object: "a", Verdict: doctor.Unknown, Got: "no name"}, {Object: "b", Verdict: doctor.Wrong, Got: "silent"}})
	if f.Verdict != doctor.Wrong || f.Got != "silent; a: no name" {
		t.Errorf("%+v", f)
	}
	d := counting{dns: dns{"example.net MX": {"10 a.invalid", "20 b.invalid", "30 c.invalid", "40 d.invalid"}}, asked: map[string]int{}}
	begins(t, examine(t, &doctor.Env{DNS: &d, ProofDomain: "example.net"}, "port25"), []string{"unknown outgoing a.invalid:25: "})
	if d.asked["c.invalid A"] != 1 || d.asked["d.invalid A"] != 0 {
		t.Errorf("%v", d.asked)
	}
}
