package main

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/openova-io/smtp-mirror/internal/rig"
)

// reloaded is the annotation of a reloader that knows no generations.
const reloaded = "reloader.example.test/version"

// reloadLate is how long the usual reloaders take.
const reloadLate = 3 * time.Second

// reload rolls every consumer 3 s after the mirror has changed.
func (r *row) reload(ctx context.Context) {
	r.crowd.Follow(ctx, r.rig.Consumer, rig.MirrorSecret, func(s *corev1.Secret) {
		version := len(r.versions(s))
		time.AfterFunc(reloadLate, func() { r.roll(ctx, strconv.Itoa(version)) })
	})
}

// versions are the passwords that the mirror has held, with this one.
func (r *row) versions(s *corev1.Secret) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	password := string(s.Data["smtp-pass"])
	if n := len(r.held); n == 0 || r.held[n-1] != password {
		r.held = append(r.held, password)
	}
	return r.held
}

// reloads is the version that every consumer should have.
func (r *row) reloads(ctx context.Context) string {
	s := r.rig.MirrorData(ctx)
	if s == nil {
		return "unknown"
	}
	return strconv.Itoa(len(r.versions(s)))
}

func (r *row) roll(ctx context.Context, version string) {
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"template": map[string]any{"metadata": map[string]any{"annotations": map[string]string{reloaded: version}}}}})
	if err != nil {
		panic(err) // plain types
	}
	for name := range r.consumers() {
		_, _ = r.rig.Admin.AppsV1().Deployments(r.rig.Consumer).Patch(ctx, name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}) // the row does not come to rest without
	}
}
