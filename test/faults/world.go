package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/openova-io/smtp-mirror/internal/rig"
)

// world is what all rows share.
type world struct {
	dir    string
	binary string // of smtp-mirror, as it is shipped
	real   string // of a real Stalwart, "" for none
	out    *report
	sites  atomic.Int32
}

// plane is a control plane whose API server keeps an audit log of every write that
// a ServiceAccount asks for, but of Leases.
type plane struct {
	*rig.Plane
	audit string
	mu    sync.Mutex // one API server is restarted by one row at a time
}

const policy = `{"apiVersion":"audit.k8s.io/v1","kind":"Policy","omitStages":["RequestReceived"],"rules":[
 {"level":"None","verbs":["get","list","watch"]},
 {"level":"None","resources":[{"group":"coordination.k8s.io"},{"group":"authorization.k8s.io"}]},
 {"level":"Metadata","userGroups":["system:serviceaccounts"]},
 {"level":"None"}]}`

func (w *world) plane(ctx context.Context, name string, pods bool) (*plane, error) {
	dir := filepath.Join(w.dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	file, log := filepath.Join(dir, "policy.json"), filepath.Join(dir, "audit.log")
	if err := os.WriteFile(file, []byte(policy), 0o600); err != nil {
		return nil, err
	}
	p, err := rig.StartPlane(ctx, filepath.Join(dir, "control-plane"), pods, "--audit-policy-file="+file, "--audit-log-path="+log)
	if err != nil && p != nil && p.ControlPlane != nil {
		return nil, errors.Join(err, p.Close())
	}
	return &plane{Plane: p, audit: log}, err
}

// writes lists what a ServiceAccount has changed since a time, by the audit log.
func (p *plane) writes(user string, since time.Time) []string {
	text, err := os.ReadFile(p.audit)
	if err != nil {
		return nil // nobody has written anything yet
	}
	var all []string
	for line := range bytes.Lines(text) {
		var e struct {
			Verb           string
			User           struct{ Username string }
			ObjectRef      struct{ Resource, Name string }
			ResponseStatus struct{ Code int }
			StageTimestamp time.Time
		}
		if !bytes.Contains(line, []byte(user)) || json.Unmarshal(line, &e) != nil {
			continue
		}
		if e.User.Username == user && e.ResponseStatus.Code < 300 && e.StageTimestamp.After(since) {
			all = append(all, e.Verb+" "+e.ObjectRef.Resource+" "+e.ObjectRef.Name)
		}
	}
	return all
}
