package stalwart

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// reasoned is what every error of this room can do.
type reasoned interface {
	error
	Reason() string
}

// TestBadWeather gives every strange answer to every request of both
// generations: each becomes an error with the right reason, and none shows a byte
// of the body.
func TestBadWeather(t *testing.T) {
	rows := []struct {
		name   string
		answer *http.Response
		reason string // "" = not the same for all requests
	}{
		{"500 with a text", answer(500, `{"detail":"`+canary+`"}`), ""}, // 0.15 says so when it lost a race
		{"503", answer(503, canary), ReasonUnexpected},
		{"a proxy's page", answer(200, "<html>"+canary+"</html>"), ReasonUnexpected},
		{"a proxy's failure", answer(502, "<html>"+canary+"</html>"), ReasonUnexpected},
		{"truncated", answer(200, `{"data":{"`+canary), ReasonUnexpected},
		{"another shape", answer(200, `["`+canary+`"]`), ReasonUnexpected},
		{"a number", answer(200, `7`), ReasonUnexpected},
		{"nothing", answer(200, ``), ReasonUnexpected},
		{"400 that echoes", answer(400, canary), ReasonUnexpected},
		{"403", answer(403, `{"detail":"`+canary+`"}`), ReasonStalwartForbids},
		{"a ban", answer(429, `{"title":"Too Many Authentication Attempts","detail":"`+canary+`"}`), ReasonBanned},
		{"a rate limit", answer(429, `{"title":"Too Many Requests","detail":"`+canary+`"}`), ReasonBusy},
		{"429 of a proxy", answer(429, "<html>"+canary), ReasonBusy},
		{"a redirect", answer(307, canary), ReasonUnexpected},
		{"418", answer(418, canary), ReasonUnexpected},
		{"401", answer(401, canary), ReasonAdminRejected},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			text, _ := io.ReadAll(row.answer.Body)
			again := func(*http.Request, string) *http.Response {
				row.answer.Body = io.NopCloser(strings.NewReader(string(text)))
				return row.answer
			}
			for name, ask := range methods() {
				for _, d := range directories(connect(t, script(again))) {
					err := ask(t.Context(), d)
					if offline(d, name) {
						continue
					}
					var r reasoned
					if !errors.As(err, &r) || row.reason != "" && r.Reason() != row.reason {
						t.Errorf("%s of %s: %T", name, d.Generation(), err)
					}
					silent(t, name, err)
				}
			}
		})
	}
}

// offline are the requests that 0.15 cannot serve, and that are not sent.
func offline(d Directory, name string) bool {
	return d.Generation() == Gen015 && (name == "SetDefaults" || name == "Bind" || name == "Webhooks" || name == "AddWebhook" || name == "RekeyWebhook")
}

func silent(t *testing.T, what string, err error) {
	t.Helper()
	if shown := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(shown, canary) {
		t.Errorf("%s: the error shows the body", what)
	}
}

// TestRefusalsDoNotEcho lets the server quote the request in every field in
// which it may: with a 200 and a refusal of the object, of the method, of the
// principal.
func TestRefusalsDoNotEcho(t *testing.T) {
	quote := func(body string) string {
		text, _ := json.Marshal("cannot take " + body)
		return string(text)
	}
	echoes := map[string]func(body string) string{
		"the object": func(body string) string {
			return `{"methodResponses":[[` + method(body) + `,{"notCreated":{"new":{"type":"invalidProperties","properties":["credentials/0/secret"],"description":` + quote(body) + `}}},` + method(body) + `]]}`
		},
		"the method": func(body string) string {
			return `{"methodResponses":[["error",{"type":"invalidArguments","description":` + quote(body) + `},` + method(body) + `]]}`
		},
		"the principal": func(body string) string {
			return `{"error":"other","details":` + quote(body) + `,"reason":` + quote(body) + `,"item":` + quote(body) + `}`
		},
	}
	for name, echo := range echoes {
		t.Run(name, func(t *testing.T) {
			c := connect(t, script(func(_ *http.Request, body string) *http.Response {
				if reads := strings.Contains(body, "/query"); reads { // the domain is there
					return answer(200, `{"methodResponses":[["x:Domain/query",{},"x:Domain/query"],["x:Domain/get",{"list":[{"id":"d","name":"example.test"}]},"x:Domain/get"]]}`)
				}
				if strings.Contains(body, "x:Account/get") {
					return answer(200, `{"methodResponses":[["x:Account/get",{"list":[{"id":"a","credentials":{"0":{"@type":"Password"}}}]},"x:Account/get"]]}`)
				}
				return answer(200, echo(body))
			}))
			for what, ask := range methods() {
				for _, d := range directories(c) {
					silent(t, what, ask(t.Context(), d))
				}
			}
		})
	}
}

// method is the name of the first method that a request calls, as JSON.
func method(body string) string {
	var request struct{ MethodCalls [][]json.RawMessage }
	if json.Unmarshal([]byte(body), &request) != nil || len(request.MethodCalls) == 0 {
		return `"none"`
	}
	return string(request.MethodCalls[0][0])
}

// TestTheHashIsNotShown: 0.15 gets a hash, and a quote of the request would hold
// it.
func TestTheHashIsNotShown(t *testing.T) {
	c := connect(t, script(func(_ *http.Request, body string) *http.Response {
		text, _ := json.Marshal(body)
		return answer(200, `{"error":"other","details":`+string(text)+`}`)
	}))
	for _, name := range []string{"SetPassword", "CreateAccount"} {
		if err := methods()[name](t.Context(), &rest{c}); err == nil || says(err, "$pbkdf2-sha512$i") {
			t.Errorf("%s shows the hash of the password, or does not fail", name)
		}
	}
}

// endless is a body that never ends; read counts what was taken of it.
type endless struct{ read int64 }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	e.read += int64(len(p))
	return len(p), nil
}

// TestAnEndlessBody: memory and time are bounded, whatever is sent.
func TestAnEndlessBody(t *testing.T) {
	body := &endless{}
	c := connect(t, script(func(*http.Request, string) *http.Response {
		a := answer(200, "")
		a.Body = io.NopCloser(body)
		return a
	}))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := c.Detect(t.Context())
	runtime.ReadMemStats(&after)
	var unexpected *UnexpectedError
	if !errors.As(err, &unexpected) || !says(err, "2 MiB") {
		t.Errorf("%v", err)
	}
	if body.read > maxBody+1<<20 || after.TotalAlloc-before.TotalAlloc > 8*maxBody {
		t.Errorf("%d bytes were read, %d allocated", body.read, after.TotalAlloc-before.TotalAlloc)
	}
}

// hanging never answers, or never ends its answer.
type hanging struct{ half bool }

func (h hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	if h.half {
		a := answer(200, "")
		a.Body = io.NopCloser(readerFunc(func([]byte) (int, error) {
			<-r.Context().Done()
			return 0, r.Context().Err()
		}))
		return a, nil
	}
	<-r.Context().Done()
	return nil, r.Context().Err()
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestAHangingServer: no request takes longer than its bound, also where only
// half of the answer comes, and a stop ends it at once.
func TestAHangingServer(t *testing.T) {
	for _, half := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c := connect(t, hanging{half})
			began := time.Now()
			if _, err := c.Detect(t.Context()); err == nil || time.Since(began) > 15*time.Second {
				t.Errorf("%v after %s", err, time.Since(began))
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			began = time.Now()
			if _, err := c.Detect(ctx); err == nil || time.Since(began) != time.Second {
				t.Errorf("%v after %s", err, time.Since(began))
			}
		})
	}
}
