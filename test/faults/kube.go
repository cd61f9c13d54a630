package main

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/internal/controlplane"
	"github.com/openova-io/smtp-mirror/internal/rig"
)

// What happens to objects.

func deleteMirror(ctx context.Context, s *site) error {
	return s.Admin.CoreV1().Secrets(s.Consumer).Delete(ctx, rig.MirrorSecret, metav1.DeleteOptions{})
}

// editMirror spoils what consumers do not log in with: whoever overwrites that, too,
// has taken the credential away himself.
func editMirror(ctx context.Context, s *site) error {
	patch := []byte(`{"stringData":{"smtp-host":"mail.attacker.test","password":"edited"},"metadata":{"labels":{"catalyst.openova.io/seed-phase":null}}}`)
	_, err := s.Admin.CoreV1().Secrets(s.Consumer).Patch(ctx, rig.MirrorSecret, types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}

func blankRecords(ctx context.Context, s *site) error { return s.SetRecords(ctx, rig.Records) }

// damage is work for the controller in both namespaces.
func damage(ctx context.Context, s *site) error {
	if err := deleteMirror(ctx, s); err != nil {
		return err
	}
	return blankRecords(ctx, s)
}

// touch changes nothing of ours, but it wakes.
func touch(ctx context.Context, s *site) error {
	patch := fmt.Appendf(nil, `{"metadata":{"labels":{"touched":"%d"}}}`, time.Now().UnixNano())
	_, err := s.Admin.CoreV1().Secrets(s.Home).Patch(ctx, rig.SourceSecret, types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}

// rotate gives the SOURCE another password.
func rotate(ctx context.Context, s *site) error {
	s.password = rig.SecondPassword
	return s.SetSource(ctx, s.password)
}

func deleteSource(ctx context.Context, s *site) error {
	return s.Admin.CoreV1().Secrets(s.Home).Delete(ctx, rig.SourceSecret, metav1.DeleteOptions{})
}

func createSource(ctx context.Context, s *site) error {
	source := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: rig.SourceSecret}, Data: rig.SourceData(s.password)}
	_, err := s.Admin.CoreV1().Secrets(s.Home).Create(ctx, source, metav1.CreateOptions{})
	return err
}

// setAdmin replaces the administrator's password in its Secret, "" by the good one.
func setAdmin(password string) act {
	return func(ctx context.Context, s *site) error {
		value := password
		if value == "" {
			_, value = s.Mail.Admin()
		}
		patch := fmt.Appendf(nil, `{"stringData":{"ADMIN_PASSWORD":%q}}`, value)
		_, err := s.Admin.CoreV1().Secrets(s.Home).Patch(ctx, rig.AdminSecret, types.MergePatchType, patch, metav1.PatchOptions{})
		return err
	}
}

// webhookKey makes the Secret by which Stalwart's reports are known.
func webhookKey(ctx context.Context, s *site) error {
	s.secrets = append(s.secrets, hookKey)
	key := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "smtp-mirror-webhook"}, StringData: map[string]string{"signatureKey": hookKey}}
	_, err := s.Admin.CoreV1().Secrets(s.Home).Create(ctx, key, metav1.CreateOptions{})
	return err
}

const keySecret = "smtp-mirror-stalwart-api" //nolint:gosec // a name

func deleteKey(ctx context.Context, s *site) error {
	return s.Admin.CoreV1().Secrets(s.Home).Delete(ctx, keySecret, metav1.DeleteOptions{})
}

// hasKey reports whether the controller's key is kept, and Stalwart knows its account.
func hasKey(ctx context.Context, s *site) bool {
	secret, err := s.Admin.CoreV1().Secrets(s.Home).Get(ctx, keySecret, metav1.GetOptions{})
	_, ok := s.stand.Account(keyLogin)
	return err == nil && len(secret.Data) > 0 && ok
}

// What happens to rights and namespaces.

// take removes a verb from the Role in the mirror's namespace, or in Stalwart's.
func take(home bool, verb, resource, name string) act {
	return func(ctx context.Context, s *site) error {
		right := rig.Right{Namespace: s.Consumer, Verb: verb, Resource: resource, Name: name}
		if home {
			right.Namespace = s.Home
		}
		back, err := s.Take(ctx, right)
		s.give = func(ctx context.Context, _ *site) error { return back(ctx) }
		return err
	}
}

func giveBack(ctx context.Context, s *site) error { return s.give(ctx, s) }

// deleteNamespace deletes the mirror's namespace with all that is in it, and waits.
func deleteNamespace(ctx context.Context, s *site) error {
	namespaces := s.Admin.CoreV1().Namespaces()
	if err := namespaces.Delete(ctx, s.Consumer, metav1.DeleteOptions{}); err != nil {
		return err
	}
	_, err := rig.Until(ctx, "the namespace is gone", patience, func(ctx context.Context) bool {
		_, err := namespaces.Get(ctx, s.Consumer, metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	})
	return err
}

// createNamespace makes it again, with the Role that the program prints.
func createNamespace(ctx context.Context, s *site) error {
	_, err := s.Admin.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.Consumer}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	cfg, err := config.Load(s.ConfigFile)
	if err != nil {
		return err
	}
	return s.Grant(ctx, cfg)
}

// What happens to the API server.

func control(do func(*controlplane.ControlPlane) error) act {
	return func(_ context.Context, s *site) error { return do(s.ControlPlane) }
}

func startAPI(ctx context.Context, s *site) error { return s.ControlPlane.StartAPIServer(ctx) }

// startEtcd waits until every kind of object is served: the API server has a client
// of etcd for each, with a back-off of its own, and may be 13 s late with one.
func startEtcd(ctx context.Context, s *site) error {
	if err := s.ControlPlane.StartEtcd(ctx); err != nil {
		return err
	}
	_, err := rig.Until(ctx, "every kind is served", patience, func(ctx context.Context) bool {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_, secrets := s.Admin.CoreV1().Secrets(s.Home).Get(ctx, rig.SourceSecret, metav1.GetOptions{})
		_, maps := s.Admin.CoreV1().ConfigMaps(s.Home).Get(ctx, rig.RecordsConfigMap, metav1.GetOptions{})
		_, leases := s.Admin.CoordinationV1().Leases(s.Home).Get(ctx, "smtp-mirror", metav1.GetOptions{})
		return secrets == nil && maps == nil && leases == nil
	})
	return err
}

// behindFront makes the controller see the API server through a server that can
// answer in its place.
func behindFront(_ context.Context, s *site) error {
	var err error
	s.front, err = s.BehindFront()
	return err
}

func spoil(how rig.Spoil) act {
	return func(_ context.Context, s *site) error {
		s.front.Spoil(how)
		return nil
	}
}

// spoiled reports whether so many requests have gone wrong.
func spoiled(n int64) look {
	return func(_ context.Context, s *site) bool { return s.front.Spoiled() >= n }
}

// behindLink makes the controller see the API server through a link.
func behindLink(_ context.Context, s *site) error {
	link, err := s.BehindLink()
	s.links = append(s.links, link)
	return err
}

// swallow kills every connection to the API server without a word.
func swallow(_ context.Context, s *site) error {
	if s.links[0].Swallow() == 0 {
		return fmt.Errorf("the controller does not use the link")
	}
	return nil
}

// all does one thing after the other.
func all(acts ...act) act {
	return func(ctx context.Context, s *site) error {
		for _, a := range acts {
			if err := a(ctx, s); err != nil {
				return err
			}
		}
		return nil
	}
}
