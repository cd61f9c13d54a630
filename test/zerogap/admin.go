package main

import (
	"context"
	"crypto/rand"
	"net"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/apikey"
	"github.com/openova-io/smtp-mirror/internal/rig"
)

// apiKeyTarget is the controller's name for its own key.
const apiKeyTarget = "api-key"

// apiKeySecret is where it keeps it.
const apiKeySecret = "smtp-mirror-stalwart-api" //nolint:gosec // a name

// newAdmin changes the administrator's password in its Secret, and then at once the
// SOURCE: Stalwart knows neither yet, and reads the first only when it starts.
func (r *row) newAdmin(ctx context.Context) error {
	password := "canary-admin-" + rand.Text()
	err := r.edit(ctx, rig.AdminSecret, func(s *corev1.Secret) error {
		s.Data["ADMIN_PASSWORD"] = []byte(password)
		return nil
	})
	if err != nil {
		return err
	}
	r.admin = password
	return r.newSource(ctx)
}

// excused reports whether a target may be held at rest: the administrator's password
// is not accepted before Stalwart has read it.
func (r *row) excused(target, reason string) bool {
	return r.admin != "" && target == apiKeyTarget && reason == apikey.ReasonAdminNotAccepted
}

// enthrone restarts Stalwart, which then accepts the new administrator; now and then
// the controller's key is lost afterwards. Everything must converge.
func (r *row) enthrone(ctx context.Context) error {
	if r.kind != kindAdmin || r.admin == "" {
		return nil
	}
	if err := r.restart(ctx); err != nil {
		return err
	}
	if err := r.until(ctx, "rest with the new administrator", r.unrest); err != nil {
		return err
	}
	if r.rng.IntN(4) != 0 {
		return nil
	}
	secrets := r.rig.Admin.CoreV1().Secrets(r.rig.Home)
	if err := secrets.Delete(ctx, apiKeySecret, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	return r.until(ctx, "another key", func(ctx context.Context) string {
		if s, err := secrets.Get(ctx, apiKeySecret, metav1.GetOptions{}); err != nil || len(s.Data) == 0 {
			return "there is none"
		}
		return r.unrest(ctx)
	})
}

// restart restarts Stalwart's Pod. Refusals while it is down are its own.
func (r *row) restart(ctx context.Context) error {
	up := r.crowd.Down()
	defer up()
	r.out.restarts++
	if err := r.rig.Down(); err != nil {
		return err
	}
	if r.admin != "" {
		if err := r.mail.SetAdminPassword(r.admin); err != nil {
			return err
		}
		r.admin = ""
	}
	await(ctx, r.some(1500*time.Millisecond))
	r.rig.Up()
	return r.until(ctx, "Stalwart is up again", func(ctx context.Context) string {
		if _, err := take(ctx, r.mail, r.server.old); err != nil {
			return err.Error()
		}
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", r.mail.SubmissionAddr())
		if err != nil {
			return err.Error()
		}
		_ = conn.Close()
		return ""
	})
}
