package stalwartproc_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/openova-io/smtp-mirror/internal/stalwartproc"
)

// create makes the domain over the management API of either generation.
func create(t *testing.T, s *stalwartproc.Server) {
	t.Helper()
	path, body := "/api/principal", `{"type":"domain","name":"`+domain+`"}`
	if jmap(t, s) {
		path, body = "/jmap", methodCall(`["x:Domain/set",{"create":{"d":{"name":"`+domain+`"}}},"0"]`)
	}
	call(t, s, http.MethodPost, path, body)
}

func present(t *testing.T, s *stalwartproc.Server) bool {
	t.Helper()
	if jmap(t, s) {
		return strings.Contains(call(t, s, http.MethodPost, "/jmap", methodCall(`["x:Domain/get",{"ids":null},"0"]`)), domain)
	}
	return strings.Contains(call(t, s, http.MethodGet, "/api/principal?types=domain&limit=10", ""), domain)
}

func jmap(t *testing.T, s *stalwartproc.Server) bool {
	t.Helper()
	generation, _, err := stalwartproc.Generation(binary(t))
	if err != nil {
		t.Fatal(err)
	}
	return generation == stalwartproc.Generation016
}

func methodCall(call string) string {
	return `{"using":["urn:ietf:params:jmap:core","urn:stalwart:jmap"],"methodCalls":[` + call + `]}`
}

func call(t *testing.T, s *stalwartproc.Server, method, path, body string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(s.Admin())
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s", method, path, response.Status)
	}
	return string(answer)
}
