package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// TestFace: every series of the contract is there, from the first moment, and
// moves; /status has its fields; health answers.
func TestFace(t *testing.T) {
	t.Parallel()
	s := newSite(t, layout{})
	s.start()
	s.until("/metrics answers", patience, func(context.Context) bool { return contains(s.page("/metrics"), "smtp_mirror_writes_total") })
	s.settled()
	for _, target := range []string{relayTarget, recordTarget, s.mirrorTarget()} {
		if s.metric(`smtp_mirror_target_outcome{outcome="Converged",reason="",target="`+target+`"}`) != "1" ||
			s.metric(`smtp_mirror_target_outcome{outcome="Held",reason="",target="`+target+`"}`) != "0" {
			t.Errorf("the outcome of %s is not shown as converged and nothing else", target)
		}
		if w := s.metric(`smtp_mirror_writes_total{target="` + target + `"}`); w == "" || w == "0" {
			t.Errorf("%s has written, and its count is %q", target, w)
		}
	}
	if s.metric(`smtp_mirror_writes_total{target="`+s.mirrorTarget()+`"}`) != "1" {
		t.Error("the cutover is not one write")
	}
	if proof := s.metric(`smtp_mirror_last_proof_timestamp_seconds{submission="console"}`); !strings.HasPrefix(proof, "1.") && !strings.HasPrefix(proof, "2.") {
		t.Errorf("the last proof is at %q", proof)
	}
	for _, series := range []string{"workqueue_depth", "workqueue_adds_total", "rest_client_requests_total", "rest_client_request_duration_seconds_count",
		"smtp_mirror_leader 1", "smtp_mirror_changes_total", "go_goroutines", "process_resident_memory_bytes"} {
		if !contains(s.page("/metrics"), series) {
			t.Errorf("/metrics lacks %s", series)
		}
	}
	s.statusFields()
	for path, code := range map[string]int{"/livez": 200, "/readyz": 200, "/metrics": 200, "/status": 200, "/": 404, "/webhook/stalwart": 404} {
		if got := s.code(path); got != code {
			t.Errorf("%s answers %d", path, got)
		}
	}
}

func (s *site) code(path string) int {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, "http://"+s.HTTP+path, nil)
	must(s.t, err)
	resp, err := http.DefaultClient.Do(req)
	must(s.t, err)
	must(s.t, resp.Body.Close())
	return resp.StatusCode
}

// statusFields compares /status with its contract: no field missing, none more
// than the one that was added.
func (s *site) statusFields() {
	s.t.Helper()
	var report map[string]json.RawMessage
	must(s.t, json.Unmarshal([]byte(s.page("/status")), &report))
	want := map[string]string{"leader": "true", "generation": `"0.16"`, "version": `"0.16.18"`, "mode": `"normal"`}
	for field, value := range want {
		if string(report[field]) != value {
			s.t.Errorf("/status: %s is %s", field, report[field])
		}
	}
	var rows []map[string]any
	must(s.t, json.Unmarshal(report["targets"], &rows))
	for _, row := range rows {
		for _, field := range []string{"name", "outcome", "reason", "message", "since", "lastProof"} {
			if _, there := row[field]; !there {
				s.t.Errorf("/status: %v has no %s", row["name"], field)
			}
		}
	}
}
