package stalwart

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// jmap is the [Directory] of 0.16: JMAP (RFC 8620) at <base>/jmap. The apiUrl of
// the session names the public host and is useless inside a cluster.
type jmap struct{ *Conn }

// Generation is 0.16.
func (j *jmap) Generation() Generation { return Gen016 }

// obj is a JSON object.
type obj = map[string]any

// singleton is the id of x: objects that exist once.
const singleton = "singleton"

// invocation is one method call (RFC 8620, section 3.2).
type invocation struct {
	method string
	args   obj
}

// MarshalJSON writes the triple; the id is the method's name and its position is
// not needed, because no request calls one method twice.
func (i invocation) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{i.method, i.args, i.method})
}

// answers maps a method to its arguments.
type answers map[string]json.RawMessage

// request sends calls and gives the answers by method. A method that failed
// fails the request: none of them is ever optional.
func (j *jmap) request(ctx context.Context, calls ...invocation) (all answers, err error) {
	defer func() { j.memory.doubt(err) }()
	got, err := j.call(ctx, http.MethodPost, "/jmap", obj{"using": []string{"urn:ietf:params:jmap:core", "urn:stalwart:jmap"}, "methodCalls": calls})
	if err != nil {
		return nil, err
	}
	if got.status != http.StatusOK {
		return nil, &UnexpectedError{got.request, fmt.Sprintf("status %d", got.status)}
	}
	var body struct {
		MethodResponses [][3]json.RawMessage `json:"methodResponses"`
	}
	if err := got.decode(&body); err != nil {
		return nil, err
	}
	all = answers{}
	for _, response := range body.MethodResponses {
		var name, id string
		if json.Unmarshal(response[0], &name) != nil || json.Unmarshal(response[2], &id) != nil {
			return nil, &UnexpectedError{got.request, "a method response of another shape"}
		}
		if name == "error" {
			return nil, methodError(id, response[1])
		}
		all[id] = response[1]
	}
	for _, call := range calls {
		if all[call.method] == nil {
			return nil, &UnexpectedError{got.request, "no response to " + call.method}
		}
	}
	return all, nil
}

// setError is an object-level refusal (RFC 8620, section 5.3) with Stalwart's
// additions.
type setError struct {
	Type        string   `json:"type"`
	Description string   `json:"description"`
	Properties  []string `json:"properties"`
	ObjectID    *struct{ Object, ID string }
	Validation  []struct{ Type, Property string } `json:"validationErrors"`
}

// UnmarshalJSON reads objectId beside the plain fields.
func (e *setError) UnmarshalJSON(text []byte) error {
	type plain setError
	var with struct {
		plain
		ObjectID *struct {
			Object string `json:"object"`
			ID     string `json:"id"`
		} `json:"objectId"`
	}
	if err := json.Unmarshal(text, &with); err != nil {
		return err
	}
	*e = setError(with.plain)
	if with.ObjectID != nil {
		e.ObjectID = &struct{ Object, ID string }{with.ObjectID.Object, with.ObjectID.ID}
	}
	return nil
}

// methodError is a whole method that failed. serverUnavailable is a lost race:
// somebody else wrote between the server's own read and write.
func methodError(method string, text json.RawMessage) error {
	var e setError
	if json.Unmarshal(text, &e) != nil {
		return &UnexpectedError{method, "an error of another shape"}
	}
	switch e.Type {
	case "serverUnavailable", "serverFail", "serverPartialFail", "limit":
		return &BusyError{method + " said " + e.Type}
	case "forbidden":
		return &ForbiddenError{method}
	case "unknownMethod":
		return &UnexpectedError{method, "that it does not know this method"}
	}
	// The description of a method-level error may quote the arguments.
	return &RefusedError{What: method, Type: e.Type, Fields: e.Properties}
}

// computed are the properties that leave expensive ones out: a domain's zone
// file is computed at every read.
var computed = map[string][]string{"Domain": {"name", "aliases", "createdAt", "dkimManagement"}} //nolint:gochecknoglobals // a constant table

func getArgs(object string, args obj) obj {
	if properties := computed[object]; properties != nil {
		args["properties"] = properties
	}
	return args
}

// getting reads objects of one type: by id, or all of them (ids nil).
func getting(object string, ids []string) invocation {
	return invocation{"x:" + object + "/get", getArgs(object, obj{"ids": ids})}
}

// finding reads the objects that a filter selects: the ids of the query are taken
// over by reference (RFC 8620, section 3.7).
func finding(object string, filter obj) []invocation {
	query := "x:" + object + "/query"
	return []invocation{{query, obj{"filter": filter}},
		{"x:" + object + "/get", getArgs(object, obj{"#ids": obj{"resultOf": query, "name": query, "path": "/ids"}})}}
}

// get reads objects of one type into a list.
func (j *jmap) get(ctx context.Context, object string, ids []string, into any) error {
	all, err := j.request(ctx, getting(object, ids))
	if err != nil {
		return err
	}
	return all.list(object, into)
}

// find reads the objects that a filter selects into a list, in one request.
func (j *jmap) find(ctx context.Context, object string, filter obj, into any) error {
	all, err := j.request(ctx, finding(object, filter)...)
	if err != nil {
		return err
	}
	return all.list(object, into)
}

// list gives the objects of a type that were got.
func (a answers) list(object string, into any) error {
	method := "x:" + object + "/get"
	var body struct {
		List json.RawMessage `json:"list"`
	}
	if json.Unmarshal(a[method], &body) != nil || json.Unmarshal(body.List, into) != nil {
		return &UnexpectedError{method, "objects of another shape"}
	}
	return nil
}

// refused turns an object-level refusal into an error.
func refused(what string, e *setError) error {
	if e == nil {
		return nil
	}
	if e.Type == "forbidden" {
		return &ForbiddenError{what}
	}
	out := &RefusedError{What: what, Type: e.Type, Detail: e.Description, Fields: e.Properties}
	for _, v := range e.Validation {
		out.Fields = append(out.Fields, v.Property)
	}
	for _, f := range out.Fields {
		out.Password = out.Password || f == "secret" || strings.HasSuffix(f, "/secret")
	}
	return out
}

// action runs an x:Action, whose answer must be looked at like any other.
func (j *jmap) action(ctx context.Context, kind string) error {
	e, err := j.create(ctx, "Action", obj{"@type": kind})
	if err != nil || e == nil {
		return err
	}
	if e.ObjectID != nil && e.Type == "validationFailed" {
		return &ReloadError{e.ObjectID.Object + " " + e.ObjectID.ID, e.Description}
	}
	return refused("the action "+kind, e)
}

// ForgetUnknown drops the negative caches: before 0.16.10 a name that was asked
// for before it existed stays unknown for an hour.
func (j *jmap) ForgetUnknown(ctx context.Context) error {
	return j.action(ctx, "InvalidateNegativeCaches")
}

// ForgetAll drops every cache of the process that answers: positive entries have
// no expiry, and a write through another process on the same store is not seen.
func (j *jmap) ForgetAll(ctx context.Context) error { return j.action(ctx, "InvalidateCaches") }

// Reload makes settings effective for new sessions; one object that cannot be
// built fails it as a whole.
func (j *jmap) Reload(ctx context.Context) error { return j.action(ctx, "ReloadSettings") }
