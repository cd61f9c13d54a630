package stalwarttest

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// FaultKind is a way to go wrong.
type FaultKind string

// The faults. Those marked HTTP replace the answer to a request, or spoil it.
const (
	LoseRace       FaultKind = "lose race"       // the next write is refused: serverUnavailable, or 500 on 0.15
	MethodError    FaultKind = "method error"    // a JMAP call answers serverUnavailable inside a 200
	ErrorIn200     FaultKind = "error in 200"    // HTTP: 200 with {"error":...} or with a method error
	Hang           FaultKind = "hang"            // HTTP: no answer for Delay, or until the server stops
	ServerError    FaultKind = "server error"    // HTTP: Status, default 503, as problem+json
	HTML           FaultKind = "html"            // HTTP: 200 with a web page
	TruncatedJSON  FaultKind = "truncated json"  // HTTP: 200 with half an object
	HugeJSON       FaultKind = "huge json"       // HTTP: 200 with an object of 64 MiB
	Redirect       FaultKind = "redirect"        // HTTP: 302 to Location
	ReloadFails    FaultKind = "reload fails"    // the settings cannot be built
	DropWrite      FaultKind = "drop write"      // a write answers success and stores nothing
	DropAnswer     FaultKind = "drop answer"     // HTTP: the request is carried out, the answer is lost
	DropConnection FaultKind = "drop connection" // new connections on any port are reset
	UnwritableFile FaultKind = "unwritable file" // 0.15: a local key is changed in memory, the answer is 500
	SMTPRefuse     FaultKind = "smtp refuse"     // AUTH answers 535 although the password is right
	SMTPTemporary  FaultKind = "smtp temporary"  // AUTH answers 454
	SMTPDrop       FaultKind = "smtp drop"       // AUTH is answered by closing the connection
)

// Fault makes the server misbehave.
type Fault struct {
	Kind     FaultKind
	Path     string        // only requests whose path begins with it; "" is every request
	Method   string        // only requests with this HTTP method or this JMAP method
	After    int           // let that many matching events pass first
	Times    int           // how often; 0 is once, negative is always
	Status   int           // for ServerError
	Delay    time.Duration // for Hang
	Location string        // for Redirect
}

type faults struct {
	mu   sync.Mutex
	list []*Fault
}

// Fail arms a fault. Several may be armed; the first that fits is used.
func (s *Server) Fail(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = append(s.faults.list, &f)
}

// Heal disarms every fault.
func (s *Server) Heal() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = nil
}

// take uses up one fault of the kind that fits, or returns nil.
func (f *faults) take(kind FaultKind, path string, methods ...string) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, fault := range f.list {
		fits := fault.Method == "" || slices.Contains(methods, fault.Method)
		if fault.Kind != kind || !strings.HasPrefix(path, fault.Path) || !fits {
			continue
		}
		if fault.After > 0 {
			fault.After--
			continue
		}
		taken := *fault
		if fault.Times > 0 {
			fault.Times--
		}
		if fault.Times == 0 {
			f.list = slices.Delete(f.list, i, i+1)
		}
		return &taken
	}
	return nil
}

// faultFor returns the fault that spoils a request as a whole.
func (s *Server) faultFor(r *http.Request, body []byte) *Fault {
	methods := append(methodsOf(r, body), r.Method)
	for _, kind := range []FaultKind{ErrorIn200, Hang, ServerError, HTML, TruncatedJSON, HugeJSON, Redirect, DropAnswer} {
		if f := s.faults.take(kind, r.URL.Path, methods...); f != nil {
			return f
		}
	}
	return nil
}

// answerFault sends the wrong answer. It returns false when the request is to
// be carried out after all.
func (s *Server) answerFault(x *exchange, f *Fault) bool {
	switch f.Kind {
	case ErrorIn200:
		s.errorIn200(x)
	case Hang:
		hang(x, f.Delay)
	case ServerError:
		status := f.Status
		if status == 0 {
			status = http.StatusServiceUnavailable
		}
		x.fail(status)
	case HTML:
		x.w.Header().Set("Content-Type", "text/html; charset=utf-8")
		x.w.Write([]byte("<!doctype html><html><body>Sign in to the portal</body></html>"))
	case TruncatedJSON:
		x.w.Header().Set("Content-Type", plainJSON)
		x.w.Write([]byte(`{"methodResponses":[["x:Account/get",{"acc`))
	case HugeJSON:
		hugeJSON(x.w)
	case Redirect:
		x.redirect(http.StatusFound, f.Location)
	case DropAnswer:
		x.s.store.mu.Lock()
		spoiled := *x
		spoiled.w = &bufferedWriter{header: http.Header{}}
		spoiled.serve()
		x.s.store.mu.Unlock()
		panic(http.ErrAbortHandler)
	}
	return true
}

func (s *Server) errorIn200(x *exchange) {
	if s.edition.rest {
		x.json(http.StatusOK, plainJSON, object{"error": "other", "details": "Store error", "reason": nil})
		return
	}
	x.json(http.StatusOK, plainJSON, object{"sessionState": x.p.bootID, "methodResponses": []any{
		[]any{"error", object{"type": "serverFail", "description": "An unexpected error occurred while processing your request."}, "c0"},
	}})
}

func hang(x *exchange, delay time.Duration) {
	var end <-chan time.Time
	if delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		end = timer.C
	}
	select {
	case <-end:
	case <-x.p.stopping:
	case <-x.r.Context().Done():
	}
	panic(http.ErrAbortHandler)
}

func hugeJSON(w http.ResponseWriter) {
	w.Header().Set("Content-Type", plainJSON)
	w.Write([]byte(`{"data":"`))
	block := []byte(strings.Repeat("x", 1<<16))
	for range 1 << 10 {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
	w.Write([]byte(`"}`))
}
