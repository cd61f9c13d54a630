package stalwarttest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Request is one HTTP request that the server has seen. Bodies are not kept:
// they hold secrets.
type Request struct {
	Method, Path string   // Path with the query
	Calls        []string // JMAP methods, in order
}

// Login is one attempt to authenticate.
type Login struct {
	Protocol string // "http" or "smtp"
	Login    string
	OK       bool
	Rejected bool // the credential is wrong
}

type records struct {
	mu         sync.Mutex
	requests   []Request
	logins     []Login
	deliveries []Delivery
}

func (r *records) request(request *http.Request, body []byte) {
	seen := Request{Method: request.Method, Path: request.URL.RequestURI(), Calls: methodsOf(request, body)}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = append(r.requests, seen)
}

func methodsOf(request *http.Request, body []byte) []string {
	if !strings.HasPrefix(request.URL.Path, "/jmap") || len(body) == 0 {
		return nil
	}
	var envelope jmapRequest
	if json.Unmarshal(body, &envelope) != nil {
		return nil
	}
	var out []string
	for _, call := range envelope.MethodCalls {
		var name string
		if len(call) > 0 && json.Unmarshal(call[0], &name) == nil {
			out = append(out, name)
		}
	}
	return out
}

func (r *records) login(protocol, login string, v verdict) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.logins = append(r.logins, Login{protocol, login, v == accepted, v == refused})
}

// Requests returns the HTTP requests since the server was made, oldest first.
func (s *Server) Requests() []Request {
	s.records.mu.Lock()
	defer s.records.mu.Unlock()
	return slices.Clone(s.records.requests)
}

// Logins returns the attempts to authenticate, oldest first.
func (s *Server) Logins() []Login {
	s.records.mu.Lock()
	defer s.records.mu.Unlock()
	return slices.Clone(s.records.logins)
}

func (r *records) delivery(d Delivery) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deliveries = append(r.deliveries, d)
}

// Deliveries returns the messages that were accepted, oldest first.
func (s *Server) Deliveries() []Delivery {
	s.records.mu.Lock()
	defer s.records.mu.Unlock()
	return slices.Clone(s.records.deliveries)
}
