package rig

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Target is a row of the controller's /status.
type Target struct{ Name, Outcome, Reason, Message, LastProof string }

// Status reads /status.
func (r *Rig) Status(ctx context.Context) (targets map[string]Target, leader bool, err error) {
	text, err := r.Get(ctx, "/status")
	if err != nil {
		return nil, false, err
	}
	var report struct {
		Leader  bool
		Targets []Target
	}
	if err := json.Unmarshal([]byte(text), &report); err != nil {
		return nil, false, fmt.Errorf("decoding /status: %w", err)
	}
	targets = map[string]Target{}
	for _, t := range report.Targets {
		targets[t.Name] = t
	}
	return targets, report.Leader, nil
}

// Get reads a path of the controller's HTTP listener.
func (r *Rig) Get(ctx context.Context, path string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.HTTP+path, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}

// Outcome gives outcome and reason of one target, "" while nothing answers.
func (r *Rig) Outcome(ctx context.Context, target string) (outcome, reason string) {
	targets, _, err := r.Status(ctx)
	if err != nil {
		return "", ""
	}
	return targets[target].Outcome, targets[target].Reason
}

// MirrorData reads the mirror; nil where it does not exist.
func (r *Rig) MirrorData(ctx context.Context) *corev1.Secret {
	s, err := r.Admin.CoreV1().Secrets(r.Consumer).Get(ctx, MirrorSecret, metav1.GetOptions{})
	if err != nil {
		return nil
	}
	return s
}

// MirrorHolds reports whether the mirror holds a password in both shapes, and the
// marks of phase 2.
func (r *Rig) MirrorHolds(ctx context.Context, password string) bool {
	s := r.MirrorData(ctx)
	return s != nil && string(s.Data["smtp-pass"]) == password && string(s.Data["password"]) == password &&
		s.Labels["catalyst.openova.io/seed-phase"] == "phase-2-sovereign-stalwart"
}

// SetSource replaces the SOURCE's password.
func (r *Rig) SetSource(ctx context.Context, password string) error {
	secrets := r.Admin.CoreV1().Secrets(r.Home)
	s, err := secrets.Get(ctx, SourceSecret, metav1.GetOptions{})
	if err != nil {
		return err
	}
	s.Data["smtp-pass"] = []byte(password)
	_, err = secrets.Update(ctx, s, metav1.UpdateOptions{})
	return err
}

// Records reads a key of the dns-records ConfigMap.
func (r *Rig) Records(ctx context.Context, key string) string {
	c, err := r.Admin.CoreV1().ConfigMaps(r.Home).Get(ctx, RecordsConfigMap, metav1.GetOptions{})
	if err != nil {
		return ""
	}
	return c.Data[key]
}

// SetRecords replaces records.json.
func (r *Rig) SetRecords(ctx context.Context, text string) error {
	maps := r.Admin.CoreV1().ConfigMaps(r.Home)
	c, err := maps.Get(ctx, RecordsConfigMap, metav1.GetOptions{})
	if err != nil {
		return err
	}
	c.Data["records.json"] = text
	_, err = maps.Update(ctx, c, metav1.UpdateOptions{})
	return err
}

// Events lists the Events that the controller has written in the rig's
// namespaces, in no order.
func (r *Rig) Events(ctx context.Context) []eventsv1.Event {
	var ours []eventsv1.Event
	for _, namespace := range []string{r.Home, r.Consumer} {
		list, err := r.Admin.EventsV1().Events(namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			continue
		}
		for _, e := range list.Items {
			if strings.HasPrefix(e.ReportingController, "smtp-mirror") {
				ours = append(ours, e)
			}
		}
	}
	return ours
}

// HasEvent reports whether there is an Event of a reason.
func (r *Rig) HasEvent(ctx context.Context, reason string) bool {
	for _, e := range r.Events(ctx) {
		if e.Reason == reason {
			return true
		}
	}
	return false
}
