package controller

import (
	"context"
	"crypto/x509"
	"net"
	"net/netip"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/doctor"
	"github.com/openova-io/smtp-mirror/mirror"
	"github.com/openova-io/smtp-mirror/rollout"
	"github.com/openova-io/smtp-mirror/rotation"
	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/statesecret"
	"github.com/openova-io/smtp-mirror/submission"
	"github.com/openova-io/smtp-mirror/tlscert"
	"github.com/openova-io/smtp-mirror/workload"
)

// DoctorOptions are what a configuration does not say.
type DoctorOptions struct {
	Clients  Clients
	NoAPI    error        // why there is no API server to ask; nil = there is
	DNS      doctor.DNS   // never nil
	Outgoing []netip.Addr // the addresses that mail leaves from; none = those of the configuration
	Port25   string       // an outside server, host or host:port
	Login    bool         // log in with the bytes of the mirrors
	Account  string       // whose rights are asked for, "namespace/name"; "" = the caller's own
}

// surgery is where doctor sees everything past every cache, with rights of its own.
type surgery struct {
	cfg  *config.Config
	o    DoctorOptions
	env  *doctor.Env
	pair func(context.Context) (*tlscert.Pair, error) // the certificate that Stalwart is to show
}

// Doctor makes what doctor looks at out of a configuration. Nothing is asked before
// the checks run.
func Doctor(cfg *config.Config, o DoctorOptions) *doctor.Env {
	e := &doctor.Env{Domain: strings.ToLower(cfg.Domain), MailHost: cfg.MailHost(), From: "noreply@" + strings.ToLower(cfg.Domain), DNS: o.DNS, Now: time.Now, Port25: o.Port25}
	s := &surgery{cfg: cfg, o: o, env: e}
	_, e.ProofDomain, _ = strings.Cut(cfg.DKIM.ProofRecipient, "@")
	s.addresses()
	e.Enforced = cfg.DNS.MTASTS.Host != "" && cfg.DNS.MTASTS.Mode == "enforce"
	s.issued()
	s.management()
	e.Rights, e.Allowed = rightsOf(cfg), s.allowed
	for _, x := range cfg.Submissions {
		e.Submissions = append(e.Submissions, s.submission(x))
		e.Endpoints = append(e.Endpoints, s.endpoint(x))
	}
	e.Endpoints = append(e.Endpoints, doctor.Endpoint{Name: "MX", MX: true, Target: func(context.Context) (smtpprobe.Request, error) {
		roots, err := s.roots()
		return smtpprobe.Request{Address: net.JoinHostPort(e.MailHost, "25"), ServerName: e.MailHost, Roots: roots}, err
	}})
	return e
}

// roots are those of the first submission: one server shows one certificate.
func (s *surgery) roots() (*x509.CertPool, error) {
	if len(s.cfg.Submissions) == 0 {
		return nil, nil
	}
	return rootsOf(s.cfg.Submissions[0].Probe.CAFile)
}

// secret reads one, nil where there is none.
func (s *surgery) secret(ctx context.Context, namespace, name string) (*corev1.Secret, error) {
	if s.o.NoAPI != nil {
		return nil, s.o.NoAPI
	}
	secret, err := s.o.Clients.Core.Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return secret, err
}

// submission is one login and who holds it.
func (s *surgery) submission(x config.Submission) doctor.Submission {
	out := doctor.Submission{Name: x.Name, Login: s.o.Login, Request: request(x.Probe), Source: doctor.Once(func(ctx context.Context) (submission.Credentials, error) { return s.source(ctx, x) })}
	out.Current = doctor.Once(func(ctx context.Context) (doctor.Current, error) { return s.current(ctx, x) })
	for _, m := range x.Mirrors {
		target := doctor.Mirror{Namespace: m.Namespace, Name: m.Name, PhaseLabel: mirror.LabelSeedPhase, PhaseOwn: mirror.PhaseOwnRelay,
			Read: func(ctx context.Context) (*corev1.Secret, error) { return s.secret(ctx, m.Namespace, m.Name) }}
		for _, shape := range m.Shapes {
			target.Keys = append(target.Keys, mirror.Shape(shape).Keys())
		}
		for _, c := range m.Consumers {
			target.Consumers = append(target.Consumers, doctor.Consumer{Kind: c.Kind, Namespace: c.Namespace, Name: c.Name, Annotation: rollout.AnnotationOf(x.Name), Read: s.consumer(c)})
		}
		out.Mirrors = append(out.Mirrors, target)
	}
	return out
}

func (s *surgery) source(ctx context.Context, x config.Submission) (submission.Credentials, error) {
	home := s.cfg.Stalwart.Namespace
	secret, err := s.secret(ctx, home, x.Secret)
	if err != nil {
		return submission.Credentials{}, err
	}
	if secret == nil {
		return submission.Credentials{}, &submission.MissingError{Namespace: home, Name: x.Secret}
	}
	return submission.FromSecret(secret.Data, s.cfg.Domain)
}

// current is what the mirrors are to hold: the SOURCE's, or what the state Secret says.
func (s *surgery) current(ctx context.Context, x config.Submission) (doctor.Current, error) {
	if !x.Rotates() {
		return doctor.Current{}, nil
	}
	if s.o.NoAPI != nil {
		return doctor.Current{}, s.o.NoAPI
	}
	home := s.cfg.Stalwart.Namespace
	store := statesecret.Store{Secrets: s.o.Clients.Core.Secrets(home), Namespace: home, Name: x.StateSecret, Key: rotation.KeyState}
	text, _, err := store.Load(ctx)
	if err != nil {
		return doctor.Current{}, err
	}
	state, err := rotation.DecodeState(text)
	if err != nil || state.Now() == nil {
		return doctor.Current{}, err
	}
	return doctor.Current{Generation: state.Current, User: state.Now().User, Password: state.Now().Password}, nil
}

// endpoint is where consumers dial.
func (s *surgery) endpoint(x config.Submission) doctor.Endpoint {
	return doctor.Endpoint{Name: "submission " + x.Name, Target: func(ctx context.Context) (smtpprobe.Request, error) {
		c, err := s.source(ctx, x)
		if err != nil {
			return smtpprobe.Request{}, err
		}
		r, err := request(x.Probe)(c)
		r.ImplicitTLS = c.ImplicitTLS()
		return r, err
	}}
}

func (s *surgery) consumer(c config.Consumer) func(context.Context) (workload.Observed, error) {
	return func(ctx context.Context) (workload.Observed, error) {
		if s.o.NoAPI != nil {
			return workload.Observed{}, s.o.NoAPI
		}
		if workload.IsFlux(c.Kind) {
			return workload.Flux{Client: s.o.Clients.Flux, Kind: c.Kind, Namespace: c.Namespace, Name: c.Name}.Read(ctx)
		}
		return workload.Workload{Apps: s.o.Clients.Apps, Kind: c.Kind, Namespace: c.Namespace, Name: c.Name}.Read(ctx)
	}
}
