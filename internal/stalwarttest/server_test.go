package stalwarttest

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"net/smtp"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start returns a running server that ends with the test.
func start(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// request sends a request as the administrator and returns status and body.
func request(t *testing.T, s *Server, method, path string, body any) (int, any) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(method, s.URL()+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(s.Admin())
	r.Header.Set("Content-Type", "application/json")
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if len(answer) > 0 && json.Unmarshal(answer, &v) != nil {
		v = string(answer)
	}
	return response.StatusCode, v
}

// jmapCall sends one method call and returns its name and result.
func jmapCall(t *testing.T, s *Server, name string, args object) (string, object) {
	t.Helper()
	status, body := request(t, s, "POST", "/jmap", object{
		"using":       []string{"urn:ietf:params:jmap:core", "urn:stalwart:jmap"},
		"methodCalls": []any{[]any{name, args, "c"}},
	})
	if status != 200 {
		t.Fatalf("%s: status %d", name, status)
	}
	answer := sub(body)["methodResponses"].([]any)[0].([]any)
	return str(answer[0]), sub(answer[1])
}

// smtpLogin opens a session with STARTTLS and AUTH PLAIN.
func smtpLogin(t *testing.T, s *Server, login, password string) (*smtp.Client, error) {
	t.Helper()
	client, err := smtp.Dial(s.SubmissionAddr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	if err := client.StartTLS(&tls.Config{InsecureSkipVerify: true}); err != nil {
		t.Fatal(err)
	}
	return client, client.Auth(plain{login, password})
}

// plain is AUTH PLAIN without the checks of net/smtp.
type plain struct{ login, password string }

func (p plain) Start(*smtp.ServerInfo) (string, []byte, error) {
	return "PLAIN", []byte("\x00" + p.login + "\x00" + p.password), nil
}

func (p plain) Next([]byte, bool) ([]byte, error) { return nil, nil }

const (
	testPassword  = "Correct-Horse-Battery-9"
	otherPassword = "Another-Horse-Staple-77"
)

func TestSubmissionAccount(t *testing.T) {
	for _, version := range []string{"0.16.18", "0.16.3"} {
		t.Run(version, func(t *testing.T) {
			s := start(t, Options{Version: version, Domain: "example.test"})
			_, created := jmapCall(t, s, "x:Account/set", object{"create": object{"n": object{
				"@type": "User", "name": "noreply", "domainId": "b",
				"credentials": object{"0": object{"@type": "Password", "secret": testPassword}},
				"aliases":     object{"0": object{"name": "alerts", "domainId": "b"}},
				"permissions": object{"@type": "Replace", "enabledPermissions": object{"authenticate": true, "emailSend": true}},
			}}})
			if sub(sub(created["created"])["n"])["id"] != "b" {
				t.Fatalf("created: %v", created)
			}
			client, err := smtpLogin(t, s, "noreply@example.test", testPassword)
			if err != nil {
				t.Fatal(err)
			}
			if err := client.Mail("ceo@example.test"); err == nil {
				t.Error("MAIL FROM of a stranger was accepted")
			}
			if err := client.Mail("alerts@example.test"); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestPrincipal(t *testing.T) {
	s := start(t, Options{Version: "0.15.5", Domain: "example.test"})
	_, body := request(t, s, "POST", "/api/principal", object{
		"type": "individual", "name": "noreply@example.test", "roles": []string{"user"}, "secrets": []string{testPassword},
		"emails": []string{"noreply@example.test", "alerts@example.test"},
	})
	if sub(body)["data"] != 2.0 {
		t.Fatalf("answer: %v", body)
	}
	client, err := smtpLogin(t, s, "noreply@example.test", testPassword)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Mail("alerts@example.test"); err != nil {
		t.Error(err)
	}
}
