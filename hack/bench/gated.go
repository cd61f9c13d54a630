package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/internal/rig"
	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/smtpprobe"
)

const gatedRounds = 100

// gated measures a rotation with everything in between: the password set in
// Stalwart, read back, proven by a login, mirrored. The same rounds tell what a
// change costs in requests, writes and Events.
func (s *suite) gated(ctx context.Context) error {
	p, err := s.converged(ctx)
	if err != nil {
		return err
	}
	defer func() { _, _ = p.Stop(ctx) }()
	before, err := s.counters(ctx)
	if err != nil {
		return err
	}
	var took []time.Duration
	for i := range gatedRounds {
		password := "gated-Pa55word-number-" + strconv.Itoa(i)
		begin, err := s.rotate(ctx, password)
		if err != nil {
			return err
		}
		if _, err := rig.Until(ctx, "the mirror follows", 20*time.Second, func(ctx context.Context) bool { return s.rig.MirrorHolds(ctx, password) }); err != nil {
			return err
		}
		took = append(took, time.Since(begin))
	}
	time.Sleep(time.Second) // Events are written behind
	after, err := s.counters(ctx)
	if err != nil {
		return err
	}
	for _, name := range []string{"requests", "writes", "events"} {
		s.figure[name+"_per_change"] = (after[name] - before[name]) / gatedRounds
	}
	slices.Sort(took)
	s.figure["gated_p50_ms"] = float64(took[len(took)/2].Microseconds()) / 1000
	return s.probe(ctx)
}

func (s *suite) rotate(ctx context.Context, password string) (time.Time, error) {
	secrets := s.rig.Admin.CoreV1().Secrets(rig.NamespaceStalwart)
	_, err := secrets.Update(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: rig.SourceSecret}, Data: rig.SourceData(password)}, metav1.UpdateOptions{})
	return time.Now(), err
}

// probe measures the login alone.
func (s *suite) probe(ctx context.Context) error {
	text, err := os.ReadFile(s.mail.CAFile())
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	request := smtpprobe.Request{Address: s.mail.SubmissionAddr(), ServerName: rig.MailHost, Roots: roots, User: "noreply@" + rig.Domain,
		Password: redact.New("gated-Pa55word-number-" + strconv.Itoa(gatedRounds-1)), Senders: []string{"noreply@" + rig.Domain}}
	var took []time.Duration
	for range 100 {
		begin := time.Now()
		if r := smtpprobe.Probe(ctx, request); r.Verdict != smtpprobe.Accepted {
			return errors.New("a login was refused: " + r.Detail)
		}
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	s.figure["probe_p50_ms"] = float64(took[len(took)/2].Microseconds()) / 1000
	return nil
}

// converged starts the controller and waits until all targets have converged.
func (s *suite) converged(ctx context.Context) (*rig.Process, error) {
	p, err := s.rig.Run("run", "--log-level", "warn")
	if err != nil {
		return nil, err
	}
	_, err = rig.Until(ctx, "all targets converge", 30*time.Second, s.allConverged)
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, p.Output())
	}
	return p, nil
}

func (s *suite) allConverged(ctx context.Context) bool {
	targets, _, err := s.rig.Status(ctx)
	if err != nil || len(targets) == 0 {
		return false
	}
	for _, t := range targets {
		if t.Outcome != "Converged" {
			return false
		}
	}
	return true
}
