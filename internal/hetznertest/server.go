package hetznertest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
)

// The kinds of what has an address, as the paths have them.
const (
	LoadBalancer = "load_balancers"
	Server       = "servers"
	FloatingIP   = "floating_ips"
	PrimaryIP    = "primary_ips"
)

// Fault is how the next requests fail.
type Fault struct {
	Status  int               // 0 = no answer until the request is given up
	Code    string            // of the error; "" = an answer that is no JSON
	Headers map[string]string // beside it
	Writes  bool              // only what changes something
}

// API is the stand-in.
type API struct {
	*httptest.Server
	token string

	mu      sync.Mutex
	objects []*object
	fault   *Fault
	writes  int
	faults  int    // how many requests have failed by the fault
	running int    // how often an action is asked about before it is done
	failed  string // the code of the error of the next action
	lost    bool   // changes are taken and forgotten
	pending func() // what the running action does at its end
}

// object is one of a kind with an address and its reverse names.
type object struct {
	id    int64
	kind  string
	addr  netip.Addr
	names map[string]string // by address
}

// New starts it. It knows one token, and ends with Close.
func New(token string) *API {
	a := &API{token: token}
	a.Server = httptest.NewServer(a)
	return a
}

// Add makes an object that has an address, with a reverse name, "" for none.
func (a *API) Add(kind string, addr netip.Addr, name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	o := &object{id: int64(len(a.objects) + 1), kind: kind, addr: addr, names: map[string]string{}}
	if name != "" {
		o.names[addr.String()] = name
	}
	a.objects = append(a.objects, o)
}

// Name is the reverse name of an address.
func (a *API) Name(addr netip.Addr) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, o := range a.objects {
		if name := o.names[addr.String()]; name != "" {
			return name
		}
	}
	return ""
}

// Writes is how many changes were asked for.
func (a *API) Writes() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.writes
}

// Fail makes requests fail; nil ends it. Failed is how many have since.
func (a *API) Fail(f *Fault) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fault, a.faults = f, 0
}

// Failed is how many requests the fault has met.
func (a *API) Failed() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.faults
}

// Actions says how often an action is asked about before it is done, the code of the
// error that it ends with ("" = none), and whether it does nothing.
func (a *API) Actions(asked int, failed string, lost bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.running, a.failed, a.lost = asked, failed, lost
}

// ServeHTTP answers one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if fault := a.meets(r); fault != nil {
		fail(w, r, *fault)
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+a.token {
		answer(w, http.StatusUnauthorized, failure("unauthorized"))
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	path := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case r.Method == http.MethodGet && path[0] == "actions":
		a.actions(w)
	case r.Method == http.MethodGet && len(path) == 1:
		a.list(w, r, path[0])
	case r.Method == http.MethodPost && len(path) == 4 && path[2] == "actions" && path[3] == "change_dns_ptr":
		a.change(w, r, path[0], path[1])
	default:
		answer(w, http.StatusNotFound, failure("not_found"))
	}
}

// meets gives the fault that a request meets, nil for none.
func (a *API) meets(r *http.Request) *Fault {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fault == nil || a.fault.Writes && r.Method != http.MethodPost {
		return nil
	}
	a.faults++
	return a.fault
}

func fail(w http.ResponseWriter, r *http.Request, f Fault) {
	if f.Status == 0 {
		<-r.Context().Done()
		return
	}
	for name, value := range f.Headers {
		w.Header().Set(name, value)
	}
	if f.Code == "" {
		w.WriteHeader(f.Status)
		return
	}
	answer(w, f.Status, failure(f.Code))
}

func failure(code string) map[string]any {
	return map[string]any{"error": map[string]any{"code": code, "message": "in the words of the API"}}
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that has gone needs no answer
}

// list gives one page of a kind.
func (a *API) list(w http.ResponseWriter, r *http.Request, kind string) {
	number := func(name string, standard int) int {
		n, err := strconv.Atoi(r.URL.Query().Get(name))
		if err != nil || n < 1 {
			return standard
		}
		return n
	}
	page, size := number("page", 1), min(number("per_page", 25), 50)
	all := []any{}
	for _, o := range a.objects {
		if o.kind == kind {
			all = append(all, o.body())
		}
	}
	last := max((len(all)+size-1)/size, 1)
	from, to := min((page-1)*size, len(all)), min(page*size, len(all))
	pagination := map[string]any{"page": page, "per_page": size, "last_page": last, "total_entries": len(all), "previous_page": nil, "next_page": nil}
	if page < last {
		pagination["next_page"] = page + 1
	}
	answer(w, http.StatusOK, map[string]any{kind: all[from:to], "meta": map[string]any{"pagination": pagination}})
}

// change starts the action that changes a reverse name.
func (a *API) change(w http.ResponseWriter, r *http.Request, kind, number string) {
	var body struct {
		IP     string `json:"ip"`
		DNSPtr string `json:"dns_ptr"`
	}
	if json.NewDecoder(r.Body).Decode(&body) != nil {
		answer(w, http.StatusBadRequest, failure("json_error"))
		return
	}
	a.writes++
	for _, o := range a.objects {
		if o.kind != kind || fmt.Sprint(o.id) != number {
			continue
		}
		a.pending = func() {
			if !a.lost && a.failed == "" {
				o.names[body.IP] = body.DNSPtr
			}
		}
		status := "running"
		if a.running == 0 {
			a.pending()
			status = a.status()
		}
		answer(w, http.StatusCreated, map[string]any{"action": a.action(status)})
		return
	}
	answer(w, http.StatusNotFound, failure("not_found"))
}
