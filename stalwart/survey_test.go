package stalwart

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// world is a 0.16 in memory with one domain and one account, or a 0.15.
type world struct {
	domain   string // its id; "" = none
	is015    bool
	requests []string
}

func (w *world) answer(r *http.Request, body string) *http.Response {
	w.requests = append(w.requests, r.Method+" "+r.URL.Path)
	session := r.URL.Path == "/jmap/session"
	switch {
	case r.URL.Path == "/api/principal" && w.is015:
		return answer(401, `{}`)
	case session:
		return answer(200, `{"apiUrl":"https://mail.example.test/jmap/","state":"s"}`)
	case r.URL.Path != "/jmap":
		return answer(404, `{"status":404}`)
	case w.is015:
		return answer(200, `{"methodResponses":[["error",{"type":"unknownMethod"},"x:Domain/query"]]}`)
	}
	all := []string{`["g",{"ids":[]},"x:Domain/query"]`, w.list("Domain", w.domain != "", `{"id":"`+w.domain+`","name":"example.test"}`)}
	if strings.Contains(body, "x:Account/query") {
		found := w.domain != "" && strings.Contains(body, `"domainId":"`+w.domain+`"`)
		all = append(all, `["g",{"ids":[]},"x:Account/query"]`, w.list("Account", found, `{"@type":"User","id":"a","name":"noreply","domainId":"`+w.domain+`"}`))
	}
	return answer(200, `{"methodResponses":[`+strings.Join(all, ",")+`]}`)
}

func (w *world) list(object string, there bool, one string) string {
	if !there {
		one = ""
	}
	return fmt.Sprintf(`["g",{"list":[%s]},"x:%s/get"]`, one, object)
}

// look is what a run begins with, and what it cost.
func (w *world) look(t *testing.T, c *Conn) (seen Survey, cost int, err error) {
	t.Helper()
	w.requests = nil
	d, err := c.Detect(t.Context())
	if err == nil {
		seen, err = d.Survey(t.Context(), Scope{Login: Login{User: "noreply", Domain: "example.test"}})
	}
	return seen, len(w.requests), err
}

// TestSurveyBelievesNoGuess: what is remembered saves requests, and a server whose
// ids have changed is seen as it is.
func TestSurveyBelievesNoGuess(t *testing.T) {
	w := &world{domain: "b"}
	c := connect(t, script(w.answer))
	for _, step := range []struct {
		what, domain string
		most         int
	}{{"the first look", "b", 4}, {"the second", "b", 2}, {"the domain was made again", "c", 3}, {"and again a look", "c", 2}, {"it is gone", "", 2}, {"it is back", "c", 2}} {
		w.domain = step.domain
		seen, cost, err := w.look(t, c)
		if err != nil || cost > step.most {
			t.Errorf("%s: %v, %v", step.what, err, w.requests)
		}
		if (seen.Domain != nil) != (step.domain != "") || (seen.Account != nil) != (step.domain != "") || seen.Domain != nil && seen.Domain.ID != step.domain {
			t.Errorf("%s: %+v", step.what, seen)
		}
	}
}

// TestReplacedServer: what was a 0.16 a moment ago is a 0.15 after one failed look.
func TestReplacedServer(t *testing.T) {
	w := &world{domain: "b"}
	c := connect(t, script(w.answer))
	if _, _, err := w.look(t, c); err != nil {
		t.Fatal(err)
	}
	w.is015 = true
	if seen, _, err := w.look(t, c); err == nil || seen.Domain != nil {
		t.Errorf("%+v, %v", seen, err)
	}
	if d, err := c.Detect(t.Context()); err != nil || d.Generation() != Gen015 {
		t.Errorf("%v, %v", d, err)
	}
	w.is015 = false
	if d, err := c.Detect(t.Context()); err != nil || d.Generation() != Gen016 {
		t.Errorf("%v, %v", d, err)
	}
}
