package stalwarttest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// shiftedClock is the time, moved on by tests that cannot wait.
type shiftedClock struct{ by time.Duration }

func (c *shiftedClock) now() time.Time { return time.Now().Add(c.by) }

func readAll(response *http.Response) ([]byte, error) { return io.ReadAll(response.Body) }

// load reads one recorded file, in either of the two formats.
func load(t *testing.T, set, file string) []recorded {
	t.Helper()
	if strings.HasPrefix(set, "v0.15-line") {
		return []recorded{loadREST(t, set, file)}
	}
	var step struct {
		Exchanges []struct {
			Label   string `json:"label"`
			Request struct {
				Method  string            `json:"method"`
				Path    string            `json:"path"`
				Headers map[string]string `json:"headers"`
				Body    any               `json:"body"`
				Login   string            `json:"authorization_decoded"`
			} `json:"request"`
			Response struct {
				Status  int               `json:"status"`
				Headers map[string]string `json:"headers"`
				Body    any               `json:"body"`
			} `json:"response"`
		} `json:"exchanges"`
	}
	if err := json.Unmarshal(readFile(t, set, file), &step); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	var out []recorded
	for i, e := range step.Exchanges {
		_, isText := e.Request.Body.(string)
		out = append(out, recorded{
			file: file, index: i, label: e.Label, method: e.Request.Method, path: e.Request.Path,
			header: e.Request.Headers, body: e.Request.Body, raw: isText, login: e.Request.Login,
			status: e.Response.Status, answer: e.Response.Body, headers: telling(e.Response.Headers),
			cut: e.Response.Status == 0,
		})
	}
	return out
}

func loadREST(t *testing.T, set, file string) recorded {
	t.Helper()
	var e struct {
		Source  string `json:"source_address"`
		Note    string `json:"note"`
		Request struct {
			Method  string            `json:"method"`
			Path    string            `json:"path"`
			Headers map[string]string `json:"headers"`
			Body    json.RawMessage   `json:"body"`
		} `json:"request"`
		Response struct {
			Status  int         `json:"status"`
			Headers [][2]string `json:"headers"`
			Body    any         `json:"body"`
			Text    any         `json:"body_text"`
		} `json:"response"`
	}
	if err := json.Unmarshal(readFile(t, set, file), &e); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	r := recorded{
		file: file, label: e.Note, source: e.Source, method: e.Request.Method, path: e.Request.Path, header: e.Request.Headers,
		status: e.Response.Status, answer: e.Response.Body,
	}
	if len(e.Request.Body) > 0 && string(e.Request.Body) != "null" {
		r.body, r.text = decoded(e.Request.Body), spaced(e.Request.Body)
	}
	if raw, ok := sub(r.body)["_raw"]; ok {
		r.body, r.raw = raw, true
	}
	if r.answer == nil && str(e.Response.Text) != "" {
		r.answer = e.Response.Text
	}
	headers := map[string]string{}
	for _, h := range e.Response.Headers {
		if headers[h[0]] != "" {
			h[1] = headers[h[0]] + " || " + h[1]
		}
		headers[h[0]] = h[1]
	}
	r.headers = telling(headers)
	if basic, ok := strings.CutPrefix(r.header["Authorization"], "Basic "); ok {
		if login, err := base64.StdEncoding.DecodeString(basic); err == nil {
			r.login = string(login)
		}
	}
	return r
}

// telling are the response headers that have to be the same. A content length
// depends on ids, an access-control header on nothing a controller does.
func telling(headers map[string]string) map[string]string {
	out := map[string]string{}
	for name, value := range headers {
		if slices.Contains([]string{"content-type", "location", "www-authenticate", "ratelimit-policy", "cache-control"}, name) {
			out[name] = value
		}
	}
	return out
}

// spaced writes JSON with the blanks that the recording client put in: errors
// of 0.15 name columns.
func spaced(text []byte) []byte {
	var compact bytes.Buffer
	if json.Compact(&compact, text) != nil {
		return text
	}
	var out []byte
	quoted := false
	for i, b := range compact.Bytes() {
		out = append(out, b)
		if b == '"' && (i == 0 || compact.Bytes()[i-1] != '\\') {
			quoted = !quoted
		}
		if !quoted && (b == ',' || b == ':') {
			out = append(out, ' ')
		}
	}
	return out
}
