package stalwartproc

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// singleton is the ID of an object of which there is one.
const singleton = "singleton"

// jmap is as much of a JMAP client as preparing a server takes.
type jmap struct {
	client *http.Client
	base   string
	login  login
}

// reply is the part of a method's answer that matters here.
type reply struct {
	Type    string   `json:"type"` // of a refusal of the whole method
	IDs     []string `json:"ids"`
	Created map[string]struct {
		ID string `json:"id"`
	} `json:"created"`
	NotCreated map[string]refusal `json:"notCreated"`
	NotUpdated map[string]refusal `json:"notUpdated"`
}

type refusal struct {
	Type        string   `json:"type"`
	Description string   `json:"description"`
	Properties  []string `json:"properties"`
}

func (j jmap) create(ctx context.Context, kind string, objects map[string]any) (map[string]string, error) {
	r, err := j.call(ctx, kind+"/set", map[string]any{"create": objects})
	if err != nil {
		return nil, err
	}
	ids := map[string]string{}
	for name, created := range r.Created {
		ids[name] = created.ID
	}
	return ids, nil
}

func (j jmap) update(ctx context.Context, kind string, changes map[string]any) error {
	_, err := j.call(ctx, kind+"/set", map[string]any{"update": changes})
	return err
}

// set changes the one object of its kind.
func (j jmap) set(ctx context.Context, kind string, properties map[string]any) error {
	return j.update(ctx, kind, map[string]any{singleton: properties})
}

func (j jmap) query(ctx context.Context, kind string) ([]string, error) {
	r, err := j.call(ctx, kind+"/query", map[string]any{})
	return r.IDs, err
}

func (j jmap) call(ctx context.Context, method string, arguments map[string]any) (reply, error) {
	body, err := json.Marshal(map[string]any{
		"using":       []string{"urn:ietf:params:jmap:core", "urn:stalwart:jmap"},
		"methodCalls": []any{[]any{method, arguments, "0"}},
	})
	if err != nil {
		return reply{}, fmt.Errorf("encode %s: %w", method, err)
	}
	answer, err := post(ctx, j.client, j.base+"/jmap", j.login, body)
	if err != nil {
		return reply{}, fmt.Errorf("call %s: %w", method, err)
	}
	r, err := decode(answer)
	if err != nil {
		return reply{}, fmt.Errorf("read the answer to %s: %w", method, err)
	}
	return r, nil
}

func decode(answer []byte) (reply, error) {
	const parts = 3 // name, arguments, call ID
	var envelope struct {
		MethodResponses [][]json.RawMessage `json:"methodResponses"`
	}
	if err := json.Unmarshal(answer, &envelope); err != nil {
		return reply{}, err
	}
	if len(envelope.MethodResponses) != 1 || len(envelope.MethodResponses[0]) != parts {
		return reply{}, fmt.Errorf("%w: not one answer", errRefused)
	}
	var name string
	var r reply
	if err := json.Unmarshal(envelope.MethodResponses[0][0], &name); err != nil {
		return reply{}, err
	}
	if err := json.Unmarshal(envelope.MethodResponses[0][1], &r); err != nil {
		return reply{}, err
	}
	if name == "error" {
		return reply{}, fmt.Errorf("%w: %s", errRefused, r.Type)
	}
	return r, r.refused()
}

func (r reply) refused() error {
	for _, refusals := range []map[string]refusal{r.NotCreated, r.NotUpdated} {
		for name, why := range refusals {
			return fmt.Errorf("%w: %s: %s %v: %s", errRefused, name, why.Type, why.Properties, why.Description)
		}
	}
	return nil
}
