package main

import (
	"bufio"
	"context"
	"strconv"
	"strings"
)

// counters reads the API server's own counters: what was really asked of it.
// Reads of the bench itself are GET and WATCH of its own; writes of secrets are
// told apart by verb: the bench updates, the controller applies.
func (s *suite) counters(ctx context.Context) (map[string]float64, error) {
	text, err := s.rig.Admin.RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return nil, err
	}
	sum := map[string]float64{}
	lines := bufio.NewScanner(strings.NewReader(string(text)))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if !strings.HasPrefix(line, "apiserver_request_total{") {
			continue
		}
		labels, value, _ := strings.Cut(strings.TrimPrefix(line, "apiserver_request_total{"), "} ")
		n, err := strconv.ParseFloat(value, 64)
		if err == nil {
			count(sum, labels, n)
		}
	}
	ours, err := s.rig.Get(ctx, "/metrics")
	if err != nil {
		return nil, err
	}
	sum["requests"] = requests(ours)
	return sum, lines.Err()
}

// count sorts one series by what it writes.
func count(sum map[string]float64, labels string, n float64) {
	verb, resource := label(labels, "verb"), label(labels, "resource")
	switch verb {
	case "GET", "LIST", "WATCH", "WATCHLIST":
		return
	}
	switch resource {
	case "leases":
		sum["leases"] += n
	case "events":
		sum["events"] += n
	case "secrets":
		if verb == "APPLY" {
			sum["writes"] += n
		}
	case "configmaps":
		sum["configmaps"] += n
	}
}

func label(labels, name string) string {
	_, rest, ok := strings.Cut(labels, name+`="`)
	if !ok {
		return ""
	}
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// requests sums the requests that the controller counts itself, without its
// Lease, which is PUT.
func requests(text string) float64 {
	var sum float64
	for line := range strings.Lines(text) {
		labels, value, ok := strings.Cut(line, "} ")
		if !ok || !strings.HasPrefix(labels, "rest_client_requests_total{") || label(labels, "method") == "PUT" {
			continue
		}
		n, _ := strconv.ParseFloat(strings.TrimSpace(value), 64)
		sum += n
	}
	return sum
}
