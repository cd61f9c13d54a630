package controller

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/doctor"
	"github.com/openova-io/smtp-mirror/tlscert"
)

// errNoCertificate says that Stalwart's certificate is somebody else's business.
var errNoCertificate = errors.New("no certificate is configured")

// issued is the certificate that Stalwart is to show, judged as its keeper does.
func (s *surgery) issued() {
	s.pair = doctor.Once(s.readPair)
	if !s.cfg.OwnsCertificate() {
		return
	}
	name := "directory " + s.cfg.TLS.Dir
	if s.cfg.TLS.Dir == "" {
		name = "secret " + s.cfg.Stalwart.Namespace + "/" + s.cfg.TLS.Secret
	}
	s.env.Issued = &doctor.Certificate{Name: name, Read: func(ctx context.Context) (*x509.Certificate, error) {
		pair, err := s.pair(ctx)
		if err != nil {
			return nil, err
		}
		return pair.Leaf, pair.Check(s.env.MailHost, time.Now())
	}}
}

func (s *surgery) readPair(ctx context.Context) (*tlscert.Pair, error) {
	if !s.cfg.OwnsCertificate() {
		return nil, errNoCertificate
	}
	source := tlscert.FromDirectory(s.cfg.TLS.Dir)
	if s.cfg.TLS.Dir == "" {
		source = tlscert.FromSecret(s.cfg.Stalwart.Namespace+"/"+s.cfg.TLS.Secret, func() (*corev1.Secret, error) { return s.secret(ctx, s.cfg.Stalwart.Namespace, s.cfg.TLS.Secret) })
	} else if _, err := os.Stat(s.cfg.TLS.Dir); err != nil {
		return nil, fmt.Errorf("looking at the mounted certificate: %w", err) // a workstation has no such mount
	}
	certificate, key, err := source()
	if err != nil {
		return nil, err
	}
	pair, err := tlscert.Parse(certificate, key)
	if err == nil {
		s.env.Secrets.Add(pair.Key)
	}
	return pair, err
}
