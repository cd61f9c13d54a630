package stalwart

import (
	"net/http"
	"testing"
)

// FuzzAnswers gives any JSON to every request of both generations: it may fail,
// and must not panic. What is understood is used: an account that was read is
// written to.
func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{
		``, `null`, `{}`, `[]`, `7`, `{"data":null}`, `{"data":7}`, `{"error":"notFound","item":"x"}`, `{"error":"fieldAlreadyExists","field":"emails","value":"x"}`,
		`{"data":{"type":"individual","name":"noreply","emails":["a@example.test"],"roles":null,"enabledPermissions":null,"memberOf":["g"]}}`,
		`{"data":{"items":[{"type":"group","emails":null}],"total":1}}`, `{"data":{"server.listener.submission.bind.0000":"[::]:587","server.listener":"x","server.listener.":"","server.allowed-ip":""}}`,
		`{"data":[{"type":"TXT","name":"s._domainkey.example.test.","content":"v=DKIM1; k=rsa; p="},null]}`, `{"data":{"errors":{"a":{"type":"Build","error":"x"}}}}`,
		`{"methodResponses":null}`, `{"methodResponses":[null]}`, `{"methodResponses":[[]]}`, `{"methodResponses":[["error",null,"x:Domain/get"]]}`,
		`{"methodResponses":[["error",{"type":"serverUnavailable"},"x:Domain/query"]]}`, `{"methodResponses":[["a",{},"x:Action/set"]],"sessionState":"s"}`,
		`{"methodResponses":[["q",{},"x:Domain/query"],["g",{"list":[{"id":"d","name":"example.test","createdAt":"2026-01-01T00:00:00Z"}]},"x:Domain/get"],["q",{},"x:Account/query"],` +
			`["g",{"list":[{"@type":"User","id":"a","emailAddress":"noreply@example.test","aliases":{"0":{"name":"x","domainId":"d"}},"memberGroupIds":{"a":true}}]},"x:Account/get"],` +
			`["s",{"notUpdated":{"a":{"type":"primaryKeyViolation","objectId":{"object":"Account","id":"b"}}}},"x:Account/set"]]}`,
		`{"methodResponses":[["s",{"notCreated":{"new":null}},"x:Action/set"]]}`, `{"methodResponses":[["s",{"created":{"new":null},"updated":null},"x:Account/set"]]}`,
	} {
		f.Add(200, seed)
	}
	f.Add(500, `{}`)
	f.Add(404, ``)
	f.Fuzz(func(t *testing.T, status int, body string) {
		c := connect(t, script(func(*http.Request, string) *http.Response { return answer(status, body) }))
		_, _ = c.Detect(t.Context())
		_, _, _ = c.BootID(t.Context())
		_, _ = c.Identify(t.Context())
		for _, d := range directories(c) {
			for _, ask := range methods() {
				_ = ask(t.Context(), d)
			}
			seen, err := d.Survey(t.Context(), Scope{Login: Login{"noreply", "example.test"}})
			if err != nil || seen.Account == nil {
				continue
			}
			_ = d.GrantAddress(t.Context(), seen.Account, "x@example.test")
			_ = d.GrantPermissions(t.Context(), seen.Account, []Permission{SendMail})
		}
	})
}
