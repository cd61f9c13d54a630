package controller

import (
	"context"
	"crypto/x509"
	"errors"
	"maps"
	"slices"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/apikey"
	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/dkimkeys"
	"github.com/openova-io/smtp-mirror/doctor"
	"github.com/openova-io/smtp-mirror/rbac"
	"github.com/openova-io/smtp-mirror/stalwart"
)

// management asks Stalwart: as the administrator, because no other may read
// throttles. A password that is refused is offered once in a run; the keys are read
// with the controller's own API key then.
func (s *surgery) management() {
	admin := doctor.Once(func(ctx context.Context) (stalwart.Directory, error) { return s.open(ctx, s.administrator) })
	domain := doctor.Once(func(ctx context.Context) (served, error) {
		directory, err := admin(ctx)
		if err != nil {
			return served{}, err
		}
		d, err := directory.Domain(ctx, s.env.Domain)
		return served{directory, d}, err
	})
	s.env.Throttle = func(ctx context.Context) ([]stalwart.Throttle, error) {
		at, err := domain(ctx) // the first to offer the password
		if err != nil {
			return nil, err
		}
		return at.Throttles(ctx)
	}
	s.env.Keys = doctor.Once(func(ctx context.Context) (doctor.Keys, error) {
		at, err := domain(ctx)
		var rejected *stalwart.RejectedError
		if errors.As(err, &rejected) && s.cfg.Stalwart.APIKeySecret != "" {
			at, err = s.withKey(ctx, err)
		}
		if err != nil || at.domain == nil {
			return doctor.Keys{}, err
		}
		return s.keys(ctx, at)
	})
}

// keys are those of our domain. Which of them sign says 0.15 to the administrator only,
// and what the others are for is in the Secret that the controller keeps.
func (s *surgery) keys(ctx context.Context, at served) (k doctor.Keys, err error) {
	k.Domain = strings.ToLower(at.domain.Name)
	if k.All, err = at.DKIMKeys(ctx, *at.domain); err != nil {
		return k, err
	}
	if k.Signers, k.Unread = at.Signers(ctx, *at.domain); k.Signers == nil && k.Unread == nil {
		return k, nil
	}
	k.Kept, err = s.kept(ctx)
	return k, err
}

// kept are the stages of the keys that the controller keeps count of.
func (s *surgery) kept(ctx context.Context) (map[string]string, error) {
	if !s.cfg.OwnsKeys() {
		return nil, nil
	}
	secret, err := s.secret(ctx, s.cfg.Stalwart.Namespace, s.cfg.DKIM.Backup.Secret)
	if err != nil || secret == nil {
		return nil, err
	}
	state, err := dkimkeys.DecodeState(secret.Data[dkimkeys.KeyState])
	stages := map[string]string{}
	for _, k := range state.Keys {
		s.env.Secrets.Add(k.Private)
		stages[k.Selector] = string(k.Stage)
	}
	return stages, err
}

// served is a server and our domain on it, nil where it serves no such.
type served struct {
	stalwart.Directory
	domain *stalwart.Domain
}

// open detects what Stalwart speaks, with one credential for the whole run.
func (s *surgery) open(ctx context.Context, read func(context.Context) (stalwart.Credential, error)) (stalwart.Directory, error) {
	credential, err := read(ctx)
	if err != nil {
		return nil, err
	}
	s.env.Secrets.Add(credential.Password)
	conn, err := stalwart.NewConn(stalwart.Options{URL: s.cfg.Stalwart.URL, Gate: stalwart.NewGate(),
		Roots:      func() (*x509.CertPool, error) { return rootsOf(s.cfg.Stalwart.CAFile) },
		Credential: func() (stalwart.Credential, error) { return credential, nil }})
	if err != nil {
		return nil, err
	}
	return conn.Detect(ctx)
}

func (s *surgery) administrator(ctx context.Context) (stalwart.Credential, error) {
	secret, err := s.secret(ctx, s.cfg.Stalwart.Namespace, s.cfg.Stalwart.AdminSecret)
	if err != nil {
		return stalwart.Credential{}, err
	}
	return credential(secret, s.cfg.Stalwart)
}

// withKey is our domain as the controller's API key sees it; without a key the first
// trouble stays.
func (s *surgery) withKey(ctx context.Context, trouble error) (served, error) {
	directory, err := s.open(ctx, func(ctx context.Context) (stalwart.Credential, error) {
		secret, err := s.secret(ctx, s.cfg.Stalwart.Namespace, s.cfg.Stalwart.APIKeySecret)
		if err != nil || secret == nil {
			return stalwart.Credential{}, trouble
		}
		kept, err := apikey.Decode(secret.Data[apikey.KeyDocument])
		if err != nil || kept == nil {
			return stalwart.Credential{}, trouble
		}
		return kept.Credential(), nil
	})
	if err != nil {
		return served{}, err
	}
	d, err := directory.Domain(ctx, s.env.Domain)
	return served{directory, d}, err
}

// rightsOf are all rights that a configuration needs, one by one.
func rightsOf(cfg *config.Config) []doctor.Right {
	var all []doctor.Right
	rules := rbac.Rules(cfg)
	for _, namespace := range slices.Sorted(maps.Keys(rules)) {
		for _, rule := range rules[namespace] {
			names := rule.ResourceNames
			if len(names) == 0 {
				names = []string{""}
			}
			for _, name := range names {
				for _, verb := range rule.Verbs {
					all = append(all, doctor.Right{Namespace: namespace, Group: rule.APIGroups[0], Resource: rule.Resources[0], Name: name, Verb: verb})
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b doctor.Right) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(all)
}

// allowed asks the API server whether somebody has a right.
func (s *surgery) allowed(ctx context.Context, r doctor.Right) (bool, error) {
	if s.o.NoAPI != nil {
		return false, s.o.NoAPI
	}
	what := &authorizationv1.ResourceAttributes{Namespace: r.Namespace, Group: r.Group, Resource: r.Resource, Name: r.Name, Verb: r.Verb}
	namespace, name, other := strings.Cut(s.o.Account, "/")
	if !other {
		review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: what}}
		got, err := s.o.Clients.Reviews.SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
		return err == nil && got.Status.Allowed, err
	}
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{ResourceAttributes: what, User: "system:serviceaccount:" + namespace + ":" + name,
		Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"}}}
	got, err := s.o.Clients.Reviews.SubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
	return err == nil && got.Status.Allowed, err
}
