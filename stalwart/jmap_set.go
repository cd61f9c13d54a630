package stalwart

import (
	"context"
	"encoding/json"
)

// set sends one create, update or destroy. It gives what the server says of a
// created object, or the refusal.
func (j *jmap) set(ctx context.Context, object string, args obj) (created json.RawMessage, e *setError, err error) {
	method := "x:" + object + "/set"
	all, err := j.request(ctx, invocation{method, args})
	if err != nil {
		return nil, nil, err
	}
	var body struct {
		Created, Updated                     map[string]json.RawMessage
		Destroyed                            []string
		NotCreated, NotUpdated, NotDestroyed map[string]setError
	}
	if json.Unmarshal(all[method], &body) != nil {
		return nil, nil, &UnexpectedError{method, "a result of another shape"}
	}
	for _, refused := range []map[string]setError{body.NotCreated, body.NotUpdated, body.NotDestroyed} {
		for _, e := range refused {
			return nil, &e, nil
		}
	}
	if len(body.Created)+len(body.Updated)+len(body.Destroyed) == 0 {
		return nil, nil, &UnexpectedError{method, "neither success nor refusal"}
	}
	return body.Created[newObject], nil, nil
}

// setOf is a set as JMAP writes it.
func setOf(values []string) obj {
	set := obj{}
	for _, v := range values {
		set[v] = true
	}
	return set
}

// newObject is the creation id of the one object that a request makes.
const newObject = "new"

// create makes one object.
func (j *jmap) create(ctx context.Context, object string, value obj) (*setError, error) {
	_, e, err := j.set(ctx, object, obj{"create": obj{newObject: value}})
	return e, err
}

// update patches one object.
func (j *jmap) update(ctx context.Context, object, id string, patch obj) (*setError, error) {
	_, e, err := j.set(ctx, object, obj{"update": obj{id: patch}})
	return e, err
}

// destroy ends one object; that it is gone already is no error.
func (j *jmap) destroy(ctx context.Context, object, id string, args obj) error {
	args["destroy"] = []string{id}
	_, e, err := j.set(ctx, object, args)
	if err != nil || e != nil && e.Type == "notFound" {
		return err
	}
	return refused("destroying the "+object+" "+id, e)
}
