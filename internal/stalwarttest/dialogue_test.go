package stalwarttest

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// A dialogue is a recorded SMTP session: lines of the server ("S: "), of the
// client ("C: ") and remarks ("# "), some of which say what happened meanwhile.

var dialogueID = regexp.MustCompile(`(Message queued with id )\S+`)

// talk plays the client's part of a dialogue and compares the server's part.
func talk(t *testing.T, l *lab, lines []string, source string, remarks map[string]func(*lab)) {
	t.Helper()
	var conn net.Conn
	var in *bufio.Reader
	implicit := strings.Contains(lines[0], "(implicit TLS)")
	dial := func() {
		dialer := &net.Dialer{Timeout: 5 * time.Second}
		if source != "" {
			dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(source)}
		}
		addr := l.s.SubmissionAddr()
		if implicit {
			addr = l.s.SubmissionsAddr()
		}
		c, err := dialer.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		conn = c
		if implicit {
			conn = tls.Client(c, &tls.Config{InsecureSkipVerify: true})
		}
		conn.SetDeadline(time.Now().Add(20 * time.Second))
		in = bufio.NewReader(conn)
	}
	dial()
	defer func() { conn.Close() }()
	for _, line := range lines {
		for remark, action := range remarks {
			if strings.HasPrefix(line, "#") && strings.Contains(line, remark) {
				action(l)
			}
		}
		switch {
		case strings.Contains(line, "TLS established") && !implicit:
			conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
			in = bufio.NewReader(conn)
		case strings.HasPrefix(line, "C: "):
			text, _, _ := strings.Cut(line[3:], "      # ")
			fmt.Fprint(conn, text+"\r\n")
		case strings.HasPrefix(line, "S: "):
			if problem := expect(in, line[3:]); problem != "" {
				t.Fatal(problem)
			}
		}
	}
}

func expect(in *bufio.Reader, wanted string) string {
	got, err := in.ReadString('\n')
	if wanted == "<connection closed by server>" {
		if err == nil {
			return fmt.Sprintf("the server said %q instead of closing the connection", got)
		}
		return ""
	}
	if err != nil && err != io.EOF {
		return fmt.Sprintf("wanted %q, got %v", wanted, err)
	}
	got = dialogueID.ReplaceAllString(strings.TrimRight(got, "\r\n"), "${1}x")
	if wanted = dialogueID.ReplaceAllString(wanted, "${1}x"); got != wanted {
		return fmt.Sprintf("wanted %q, got %q", wanted, got)
	}
	return ""
}

func dialogueLines(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", path))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(text), "\n")
}

// TestDialogues16 repeats the SMTP sessions that were recorded on 0.16.18. They
// hold for 0.16.3 too.
func TestDialogues16(t *testing.T) {
	var sections [][]string
	for _, line := range dialogueLines(t, "v0.16.18/40-smtp-transcripts.txt") {
		if strings.HasPrefix(line, "## ") {
			sections = append(sections, nil)
		} else if len(sections) > 0 && line != "" && !strings.HasPrefix(line, "C: \n") {
			sections[len(sections)-1] = append(sections[len(sections)-1], line)
		}
	}
	const recordedSections = 13
	if len(sections) != recordedSections {
		t.Fatalf("%d sections", len(sections))
	}
	for _, version := range []string{"0.16.18", "0.16.3"} {
		s := start(t, Options{Version: version, Domain: "example.test"})
		if err := s.AddAccount("noreply@example.test", testPassword, "alerts@example.test", "billing@example.test"); err != nil {
			t.Fatal(err)
		}
		for i, lines := range sections {
			permissions := []string{"authenticate", "emailSend"}
			if i == 9 { // "account without the emailSend permission"
				permissions = permissions[:1]
			}
			if err := s.SetPermissions("noreply@example.test", permissions...); err != nil {
				t.Fatal(err)
			}
			t.Run(fmt.Sprintf("%s/%d", version, i+1), func(t *testing.T) { talk(t, &lab{t: t, s: s}, lines, "", nil) })
		}
	}
}

// dialogue15 says what a recorded session of 0.15 found and what happened in it.
type dialogue15 struct {
	before  func(*lab)
	source  string
	remarks map[string]func(*lab)
}

// TestDialogues15 repeats the SMTP sessions that were recorded on 0.15.5.
func TestDialogues15(t *testing.T) {
	special := dialogues15()
	paths, err := filepath.Glob("testdata/v0.15-line/smtp-*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatal("no dialogues")
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".txt")
		t.Run(name, func(t *testing.T) {
			d := special[name]
			s := start(t, Options{
				Version: "0.15.5", Domain: "example.test", AdminPassword: "ADMIN-test-secret",
				KeepThrottle: name == "smtp-connection-rate-limit",
			})
			l := &lab{t: t, s: s}
			individual("noreply@example.test", "noreply@example.test", object{"roles": []string{"user"}})(l)
			individual("rcpt@example.test", "rcpt@example.test", object{"roles": []string{"user"}})(l)
			if d.before != nil {
				d.before(l)
			}
			talk(t, l, dialogueLines(t, "v0.15-line/"+name+".txt"), d.source, d.remarks)
		})
	}
}

func individual(name, email string, more object) func(*lab) {
	body := object{"type": "individual", "name": name, "secrets": []string{"TEST-noreply-password-1"}}
	if email != "" {
		body["emails"] = []string{email}
	}
	merge(body, more)
	return rest("POST", "/api/principal", body)
}

func addEmail(email string) func(*lab) {
	return patchOf("noreply@example.test", object{"action": "addItem", "field": "emails", "value": email})
}

func dialogues15() map[string]dialogue15 {
	role := object{"roles": []string{"user"}}
	minimal := object{"enabledPermissions": []string{"authenticate", "email-send"}}
	return map[string]dialogue15{
		"smtp-auth-account-without-role":                 {before: individual("norole@example.test", "norole@example.test", nil)},
		"smtp-auth-as-fallback-admin":                    {before: stolen("TEST-stolen")},
		"smtp-auth-minimal-permissions":                  {before: individual("perm@example.test", "perm@example.test", minimal)},
		"smtp-auth-unparsable-stored-secret":             {before: individual("bad@example.test", "", object{"secrets": []string{"$y$j9T$x"}})},
		"smtp-mail-from-equals-login-name-without-email": {before: individual("nameonly@example.test", "", role)},
		"smtp-greeting-after-hostname-change":            {before: all(setting("server.hostname", "mx2.example.test"), reload)},
		"smtp-domain-wildcard-alias-is-catch-all":        {before: addEmail("@example.test")},
		"smtp-domain-wildcard-alias-negative-cache":      {before: all(askFor("unknown-user@example.test"), addEmail("@example.test"))},
		"smtp-banned-client":                             {source: "127.0.0.2", before: func(l *lab) { l.s.Ban("127.0.0.2") }},
		"smtp-connection-rate-limit":                     {before: connections(5)},
		"smtp-auth-failures-until-ban": {source: "127.0.0.6", before: all(
			setting("server.auto-ban.auth.rate", "3/1d"), setting("session.auth.errors.total", "20"), reload,
		)},
		"smtp-open-session-does-not-see-new-grant": {remarks: map[string]func(*lab){"PATCH addItem": addEmail("grafana@example.test")}},
		"smtp-open-session-survives-rotation": {remarks: map[string]func(*lab){"happens here": patchOf("noreply@example.test",
			object{"action": "set", "field": "secrets", "value": []string{otherPassword}})}},
	}
}

// askFor looks a recipient up, so that its absence is remembered.
func askFor(address string) func(*lab) {
	return func(l *lab) {
		client, err := smtpLogin(l.t, l.s, "noreply@example.test", "TEST-noreply-password-1")
		if err != nil {
			l.t.Fatal(err)
		}
		if err := client.Mail("noreply@example.test"); err != nil {
			l.t.Fatal(err)
		}
		if client.Rcpt(address) == nil {
			l.t.Fatalf("%s is known", address)
		}
	}
}

// connections opens so many connections at once.
func connections(n int) func(*lab) {
	return func(l *lab) {
		for range n {
			conn, err := net.Dial("tcp", l.s.SubmissionAddr())
			if err != nil {
				l.t.Fatal(err)
			}
			l.t.Cleanup(func() { conn.Close() })
			if problem := expect(bufio.NewReader(conn), "220 mail.example.test Stalwart ESMTP at your service"); problem != "" {
				l.t.Fatal(problem)
			}
		}
	}
}
