package stalwart

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
)

// paths answers by path, and with 404 elsewhere.
func paths(all map[string]*http.Response) script {
	return func(r *http.Request, _ string) *http.Response {
		if a := all[r.URL.Path]; a != nil {
			return a
		}
		return answer(404, `{"status":404}`)
	}
}

// TestDetect tells generations and modes by behaviour.
func TestDetect(t *testing.T) {
	session := func(apiURL string) *http.Response { return answer(200, `{"apiUrl":"`+apiURL+`","state":"s"}`) }
	rows := []struct {
		name       string
		answers    map[string]*http.Response
		generation Generation
		reason     string
	}{
		{"0.15", map[string]*http.Response{"/api/principal": answer(401, "")}, Gen015, ""},
		{"0.16", map[string]*http.Response{"/jmap/session": session("https://mail.example.test/jmap/")}, Gen016, ""},
		{"0.16 in bootstrap mode", map[string]*http.Response{"/jmap/session": session("/jmap/"), "/api/account": answer(200, `{"permissions":["a","b"]}`)}, "", ReasonBootstrapMode},
		{"0.16 in recovery mode", map[string]*http.Response{"/jmap/session": session("/jmap/"), "/api/account": answer(200, `{"permissions":["a","b","c"]}`)}, "", ReasonRecoveryMode},
		{"a server of something else", nil, "", ReasonUnexpected},
		{"a web site", map[string]*http.Response{"/api/principal": answer(200, "<html>")}, "", ReasonUnexpected},
		{"a session without a URL", map[string]*http.Response{"/jmap/session": answer(200, `{}`)}, "", ReasonUnexpected},
		{"a proxy without a server", map[string]*http.Response{"/api/principal": answer(502, "<html>")}, "", ReasonUnexpected},
		{"a ban", map[string]*http.Response{"/api/principal": answer(429, `{"title":"Too Many Authentication Attempts"}`)}, "", ReasonBanned},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			d, err := connect(t, paths(row.answers)).Detect(t.Context())
			if row.reason != "" {
				if r, ok := err.(reasoned); !ok || r.Reason() != row.reason {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil || d.Generation() != row.generation {
				t.Errorf("%v, %v", d, err)
			}
		})
	}
}

// TestDetectionNeedsNoLogin: it is asked before every run, and must never count
// as a failed login.
func TestDetectionNeedsNoLogin(t *testing.T) {
	c := connect(t, script(func(r *http.Request, _ string) *http.Response {
		if r.Header.Get("Authorization") != "" {
			t.Errorf("%s carries a credential", r.URL.Path)
		}
		if r.URL.Path == "/jmap/session" {
			return answer(200, `{"apiUrl":"https://mail.example.test/jmap/"}`)
		}
		return answer(404, "")
	}))
	if _, err := c.Detect(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestAdminFromSecret: the contract's one key, or a pair.
func TestAdminFromSecret(t *testing.T) {
	rows := []struct {
		name           string
		data           map[string]string
		user, password string
		says           string
	}{
		{"the contract's key", map[string]string{"ADMIN_PASSWORD": "p"}, "postmaster", "p", ""},
		{"with blanks, which Stalwart drops", map[string]string{"ADMIN_PASSWORD": " p\n"}, "postmaster", "p", ""},
		{"a pair", map[string]string{"username": "admin", "password": "p"}, "admin", "p", ""},
		{"the key and a name", map[string]string{"ADMIN_PASSWORD": "p", "username": "admin"}, "admin", "p", ""},
		{"a name without a password", map[string]string{"username": "admin"}, "", "", "password"},
		{"nothing", nil, "", "", "ADMIN_PASSWORD"},
		{"empty", map[string]string{"ADMIN_PASSWORD": " "}, "", "", "ADMIN_PASSWORD"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			data := map[string][]byte{}
			for key, value := range row.data {
				data[key] = []byte(value)
			}
			got, err := AdminFromSecret(data, "postmaster")
			if row.says != "" {
				if err == nil || !says(err, row.says) {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil || got.User != row.user || got.Password.Reveal() != row.password {
				t.Errorf("user %q, %v", got.User, err)
			}
		})
	}
}

// TestRealConnections: what a socket does, over loopback.
func TestRealConnections(t *testing.T) {
	hangUp := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer hangUp.Close()
	gone := httptest.NewServer(nil)
	gone.Close()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer elsewhere.Close()
	redirects := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer redirects.Close()
	rows := []struct{ name, url, reason, says string }{
		{"it closes", hangUp.URL, ReasonUnreachable, "closed without an answer"},
		{"nothing listens", gone.URL, ReasonUnreachable, "connection refused"},
		{"no such name", "http://stalwart.invalid:8080", ReasonUnreachable, "stalwart.invalid"},
		{"it redirects", redirects.URL, ReasonUnexpected, "redirect"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			c, err := NewConn(Options{URL: row.url, Gate: NewGate()})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			_, err = c.Detect(t.Context())
			var r reasoned
			if !errors.As(err, &r) || r.Reason() != row.reason || !says(err, row.says) {
				t.Errorf("%v", err)
			}
		})
	}
}
