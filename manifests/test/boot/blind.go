package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	charts "github.com/openova-io/smtp-mirror/manifests/test"
	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/smtpprobe"
)

// blind upgrades as a tool does that cannot look up what is there: both Secrets get new
// bytes, and the records are blanked. Whoever logs in with what it was started with is not
// refused meanwhile, and at last the mirror holds something else that works.
func (b *boot) blind(ctx context.Context) error {
	before, err := b.mirrored(ctx)
	if err != nil {
		return err
	}
	rendered, err := charts.Render(b.chart, charts.Release{Name: release, Namespace: release, Values: values(b.stalwart)})
	if err != nil {
		return err
	}
	all, err := parse(rendered.Files)
	if err != nil {
		return err
	}
	for _, u := range all {
		if u.GetKind() == "Secret" || u.GetName() == release+"-dns-records-required" {
			if err := b.cluster.overwrite(ctx, u); err != nil {
				return err
			}
		}
	}
	const patience = time.Minute
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	logins := 0
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := b.offer(ctx, before); err != nil {
			return fmt.Errorf("a consumer was refused after %d logins: %w", logins, err)
		}
		logins++
		now, err := b.mirrored(ctx)
		if err == nil && now["smtp-pass"] != before["smtp-pass"] {
			b.say(fmt.Sprintf("a blind upgrade has made new bytes of both Secrets: the mirror follows, %d logins with the old ones were taken meanwhile", logins))
			return b.offer(ctx, now)
		}
		select {
		case <-ctx.Done():
			return errors.New("the mirror does not follow a blind upgrade; the controller said:\n" + b.pods[1].running[0].output())
		case <-tick.C:
		}
	}
}

// mirrored is what a consumer reads.
func (b *boot) mirrored(ctx context.Context) (map[string]string, error) {
	s, err := b.cluster.client.CoreV1().Secrets(mirrorNS).Get(ctx, mirror, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for key, value := range s.Data {
		all[key] = string(value)
	}
	return all, nil
}

// offer logs in as a consumer does: a connection that is closed is tried again, for all of
// us share one address, and Stalwart takes five connections a second from it.
func (b *boot) offer(ctx context.Context, mirrored map[string]string) error {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(b.cluster.ca.PEM())
	request := smtpprobe.Request{Address: "127.0.0.1:587", ServerName: mailHost, Roots: roots, User: mirrored["smtp-user"],
		Password: redact.New(mirrored["smtp-pass"]), Senders: []string{mirrored["smtp-from"]}}
	const tries, pause = 4, time.Second
	var result smtpprobe.Result
	for range tries {
		if result = smtpprobe.Probe(ctx, request); result.Verdict != smtpprobe.Unreachable {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
	if result.Verdict != smtpprobe.Accepted {
		return errors.New(string(result.Verdict) + ": " + result.Detail)
	}
	return nil
}

// overwrite applies an object, whoever owns its fields.
func (c *cluster) overwrite(ctx context.Context, u *unstructured.Unstructured) error {
	text, err := u.MarshalJSON()
	if err != nil {
		return err
	}
	force := true
	options := metav1.PatchOptions{FieldManager: "a tool that cannot look", Force: &force}
	if u.GetKind() == "Secret" {
		_, err = c.client.CoreV1().Secrets(u.GetNamespace()).Patch(ctx, u.GetName(), types.ApplyPatchType, text, options)
		return err
	}
	_, err = c.client.CoreV1().ConfigMaps(u.GetNamespace()).Patch(ctx, u.GetName(), types.ApplyPatchType, text, options)
	return err
}
