package stalwarttest

import (
	"encoding/json"
	"mime"
	"net/http"
	"strings"
)

const maxCalls = 16

type jmapRequest struct {
	Using       []string            `json:"using"`
	MethodCalls [][]json.RawMessage `json:"methodCalls"`
}

// call is one method call with what it needs to be answered.
type call struct {
	x       *exchange
	who     *identity
	name    string
	args    object
	id      string
	results []any // answers of the calls before this one
}

// jmap answers POST /jmap. Refusals of single calls and of single objects are
// inside a 200.
func (x *exchange) jmap() {
	who := x.authenticated()
	if who == nil {
		return
	}
	media, _, _ := mime.ParseMediaType(x.r.Header.Get("Content-Type"))
	if media != "application/json" && !x.s.edition.lenientRequest {
		x.json(http.StatusBadRequest, problemJSON, problem{
			Type: "urn:ietf:params:jmap:error:notJSON", Status: 400,
			Detail: "Failed to parse JSON: The Content-Type header must be application/json.",
		})
		return
	}
	request, ok := x.parse()
	if !ok {
		// The real server repeats the whole request here, secrets included.
		x.json(http.StatusBadRequest, problemJSON, problem{
			Type: "urn:ietf:params:jmap:error:notRequest", Status: 400, Detail: string(x.body),
		})
		return
	}
	if len(request.MethodCalls) > maxCalls {
		x.json(http.StatusBadRequest, problemJSON, problem{
			Type: "urn:ietf:params:jmap:error:limit", Status: 400, Limit: "maxCallsInRequest",
			Detail: "The request exceeds the maximum number of calls in a single request.",
		})
		return
	}
	responses := []any{}
	for _, raw := range request.MethodCalls {
		responses = append(responses, x.call(who, raw, responses))
	}
	x.json(http.StatusOK, plainJSON, object{"methodResponses": responses, "sessionState": x.p.bootID})
}

func (x *exchange) parse() (jmapRequest, bool) {
	var request jmapRequest
	if err := json.Unmarshal(x.body, &request); err != nil {
		return request, false
	}
	if request.Using == nil && !x.s.edition.lenientRequest {
		return request, false
	}
	known := sub(sub(decoded(dataFile("session-0.16.json")))["accountCapabilities"])
	for _, name := range request.Using {
		if _, ok := known[name]; !ok && name != "urn:ietf:params:jmap:core" {
			return request, false
		}
	}
	for _, c := range request.MethodCalls {
		if len(c) != 3 {
			return request, false
		}
	}
	return request, true
}

// call answers one method call with [name, arguments, id].
func (x *exchange) call(who *identity, raw []json.RawMessage, before []any) any {
	c := &call{x: x, who: who, results: before}
	json.Unmarshal(raw[0], &c.name)
	json.Unmarshal(raw[1], &c.args)
	json.Unmarshal(raw[2], &c.id)
	if f := x.s.faults.take(MethodError, x.r.URL.Path, c.name); f != nil {
		return c.failed("serverUnavailable", textUnavailable)
	}
	if fault := c.resolveReferences(); fault != "" {
		return c.failed("invalidResultReference", fault)
	}
	return c.dispatch()
}

const textUnavailable = "This server is temporarily unavailable. Attempting this same operation later may succeed."

func (c *call) failed(kind, description string) any {
	return []any{"error", object{"type": kind, "description": description}, c.id}
}

func (c *call) done(result object) any { return []any{c.name, result, c.id} }

func (c *call) dispatch() any {
	if c.name == "Core/echo" {
		return c.done(c.args)
	}
	kind, operation, _ := strings.Cut(strings.TrimPrefix(c.name, "x:"), "/")
	t, ok := c.x.s.schema[kind]
	if !ok || !strings.HasPrefix(c.name, "x:") {
		return c.failed("unknownMethod", c.name)
	}
	if refusal := c.modeRefusal(kind, operation); refusal != "" {
		return c.failed("forbidden", refusal)
	}
	switch {
	case operation == "get":
		return c.get(t)
	case operation == "query" && !t.Singleton:
		return c.query(t)
	case operation == "set":
		return c.set(t)
	}
	return c.failed("unknownMethod", c.name)
}

// modeRefusal keeps everything but x:Bootstrap out of bootstrap mode.
func (c *call) modeRefusal(kind, operation string) string {
	if c.x.p.mode != "bootstrap" || kind == "Bootstrap" {
		return ""
	}
	verb := "accessed"
	if operation == "set" {
		verb = "modified"
	}
	return "The server is in bootstrap mode. Only the 'Bootstrap' object type can be " + verb +
		" until the bootstrap process is complete."
}

// accountID is whom the call is about: the caller unless he names another.
func (c *call) accountID() string {
	if id := str(c.args["accountId"]); id != "" {
		return id
	}
	return c.who.id
}

// resolveReferences replaces "#ids" by what an earlier call has answered.
func (c *call) resolveReferences() string {
	for name, v := range c.args {
		plain, isReference := strings.CutPrefix(name, "#")
		if !isReference {
			continue
		}
		found, ok := c.lookUp(sub(v))
		if !ok {
			return "Failed to resolve result reference."
		}
		delete(c.args, name)
		c.args[plain] = found
	}
	return ""
}

func (c *call) lookUp(ref object) (any, bool) {
	for _, r := range c.results {
		answer := r.([]any)
		if answer[2] != str(ref["resultOf"]) || answer[0] != str(ref["name"]) {
			continue
		}
		value, ok := answer[1].(object)[strings.TrimPrefix(str(ref["path"]), "/")]
		return clone(value), ok
	}
	return nil, false
}
