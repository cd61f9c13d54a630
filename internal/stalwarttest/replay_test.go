package stalwarttest

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// recorded is one exchange with a real server.
type recorded struct {
	file    string // without directory and extension
	index   int
	label   string
	source  string
	method  string
	path    string
	header  map[string]string
	body    any
	raw     bool   // the body is text, not JSON
	text    []byte // the body as it was sent, blanks included
	login   string // "user:password" of Basic
	status  int
	answer  any
	headers map[string]string
	cut     bool // the connection was reset instead
}

func (r recorded) name() string { return fmt.Sprintf("%s[%d]", r.file, r.index) }

// step is a recorded file in a scenario, with what has to be true before it.
type step struct {
	file   string
	before func(*lab)
	// source returns the address an exchange of the step was sent from; nil is
	// 127.0.0.1.
	source func(index int) string
	// prepare runs before each exchange.
	prepare func(l *lab, index int)
}

// scenario is a server and the steps that were recorded on it, in order.
type scenario struct {
	set   string
	opts  Options
	steps []step
}

// lab is a scenario that runs.
type lab struct {
	t      *testing.T
	s      *Server
	ids    *translation
	clock  *shiftedClock
	admin  string
	report *report
}

// report counts what became of the exchanges of one set.
type report struct {
	seen     map[string]bool
	replayed int
	listed   map[string]string // exchange, reason
	used     map[string]bool
}

// TestReplay sends every recorded exchange again. Each has to give the recorded
// answer or stand in the list of those that cannot, with the reason; one that
// is listed and would pass is an error, so that the list stays true.
func TestReplay(t *testing.T) {
	total, passed, listed := 0, 0, 0
	summary := ""
	for _, set := range []struct {
		name      string
		scenarios []scenario
		list      map[string]string
	}{
		{"v0.16.18", scenarios1618(), notReplayed1618()},
		{"v0.16.3", scenarios163(), notReplayed163()},
		{"v0.15-line", scenarios15(t), notReplayed15()},
		{"v0.15-line/lite-differences", scenariosLite(), nil},
	} {
		rep := &report{seen: map[string]bool{}, listed: set.list, used: map[string]bool{}}
		for _, sc := range set.scenarios {
			sc.set = set.name
			t.Run(set.name+"/"+sc.steps[0].file, func(t *testing.T) { runScenario(t, sc, rep) })
		}
		all := allExchanges(t, set.name)
		for _, name := range all {
			if !rep.seen[name] && rep.listed[name] == "" {
				t.Errorf("%s: %s is neither replayed nor listed", set.name, name)
			}
		}
		for name := range rep.listed {
			if !slices.Contains(all, name) {
				t.Errorf("%s: the list names %s, which does not exist", set.name, name)
			}
		}
		total, passed, listed = total+len(all), passed+rep.replayed, listed+len(rep.listed)
		summary += fmt.Sprintf("  %s: %d of %d, %d listed\n", set.name, rep.replayed, len(all), len(rep.listed))
		printList(set.name, rep.listed)
	}
	fmt.Printf("replayed %d of %d exchanges, %d listed with a reason\n%s", passed, total, listed, summary)
}

func runScenario(t *testing.T, sc scenario, rep *report) {
	clock := &shiftedClock{}
	sc.opts.Now = clock.now
	if sc.opts.AdminPassword == "" {
		sc.opts.AdminPassword = DefaultAdminPassword
	}
	l := &lab{t: t, s: start(t, sc.opts), ids: newTranslation(), clock: clock, report: rep}
	l.s.WaitForKeys()
	for _, st := range sc.steps {
		if st.before != nil {
			st.before(l)
		}
		for _, r := range load(t, sc.set, st.file) {
			if st.prepare != nil {
				st.prepare(l, r.index)
			}
			if st.source != nil {
				r.source = st.source(r.index)
			}
			l.replay(r)
		}
	}
}

// replay sends one exchange and judges the answer.
func (l *lab) replay(r recorded) {
	l.report.seen[r.name()] = true
	problem := l.try(r)
	reason := l.report.listed[r.name()]
	switch {
	case problem == "" && reason != "":
		l.t.Errorf("%s is listed as not replayable (%s) but passes: remove it from the list", r.name(), reason)
	case problem == "":
		l.report.replayed++
	case reason == "":
		l.t.Errorf("%s %s: %s", r.name(), r.label, problem)
	}
	l.s.WaitForKeys()
}

func (l *lab) try(r recorded) string {
	var body []byte
	if text, ok := r.body.(string); ok && r.raw {
		body = []byte(text)
	} else if r.text != nil {
		body = r.text
	} else if r.body != nil {
		body, _ = json.Marshal(l.ids.request(r))
	}
	response, answer, err := l.send(r, body)
	if r.cut {
		if err == nil {
			return fmt.Sprintf("answered %d instead of resetting the connection", response.StatusCode)
		}
		return ""
	}
	if err != nil {
		return "no answer: " + err.Error()
	}
	if response.StatusCode != r.status {
		return fmt.Sprintf("status %d instead of %d: %s", response.StatusCode, r.status, shortened(answer))
	}
	for name, wanted := range r.headers {
		if got := strings.Join(response.Header.Values(name), " || "); got != wanted {
			return fmt.Sprintf("header %s: %q instead of %q", name, got, wanted)
		}
	}
	return l.ids.compare(r, answer)
}

// send carries the exchange out on a connection of its own, as it was recorded.
func (l *lab) send(r recorded, body []byte) (*http.Response, []byte, error) {
	request, err := http.NewRequest(r.method, l.s.URL()+r.path, strings.NewReader(string(body)))
	if err != nil {
		return nil, nil, err
	}
	path, _, _ := strings.Cut(r.path, "?")
	request.URL.Opaque = "//" + request.URL.Host + path // as it stands, "/../" included
	for name, value := range r.header {
		request.Header.Set(name, value)
	}
	l.authorize(request, r)
	dialer := &net.Dialer{}
	if r.source != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(r.source)}
	}
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, DialContext: dialer.DialContext},
		Timeout:       20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	answer, err := readAll(response)
	return response, answer, err
}

// authorize replaces secrets that the real server had chosen.
func (l *lab) authorize(request *http.Request, r recorded) {
	if user, password, ok := strings.Cut(r.login, ":"); ok {
		request.SetBasicAuth(user, l.ids.secret(password))
		return
	}
	if token, ok := strings.CutPrefix(r.header["Authorization"], "Bearer "); ok {
		request.Header.Set("Authorization", "Bearer "+l.ids.secret(token))
	}
}
