package controller

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/doctor"
	"github.com/openova-io/smtp-mirror/zone"
)

// addresses are those that mail leaves from: a flag's, the configuration's, or where
// nobody has named any those that it comes in by.
func (s *surgery) addresses() {
	service := doctor.Once(s.service)
	balancer := func(ctx context.Context) ([]netip.Addr, error) { return s.balancer(service(ctx)) }
	s.env.Records = func(ctx context.Context) ([]zone.Record, error) {
		f := configured(s.cfg)
		found, err := service(ctx)
		if err == nil {
			f.Submission, f.Submissions = servicePorts(found)
		}
		f.Addresses, err = s.balancer(found, err)
		return s.records(ctx, f), err
	}
	named := s.o.Outgoing
	if len(named) == 0 {
		for _, text := range s.cfg.DNS.Outgoing {
			a, _ := netip.ParseAddr(text) // it is checked
			named = append(named, a.Unmap())
		}
	}
	s.env.Outgoing = func(context.Context) ([]netip.Addr, error) { return named, nil }
	if len(named) == 0 {
		s.env.Outgoing = balancer
		s.env.Assumed = "service " + s.cfg.DNS.Service.Namespace + "/" + s.cfg.DNS.Service.Name
	}
}

// service is the LoadBalancer behind which Stalwart stands.
func (s *surgery) service(ctx context.Context) (*corev1.Service, error) {
	if s.o.NoAPI != nil {
		return nil, s.o.NoAPI
	}
	name := s.cfg.DNS.Service
	service, err := s.o.Clients.Core.Services(name.Namespace).Get(ctx, name.Name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading the service %s/%s: %w", name.Namespace, name.Name, err)
	}
	return service, nil
}

// balancer are its addresses.
func (s *surgery) balancer(service *corev1.Service, err error) ([]netip.Addr, error) {
	if err != nil {
		return nil, err
	}
	all := serviceAddresses(service)
	if len(all) == 0 {
		return nil, errors.New("the service " + service.Namespace + "/" + service.Name + " has no address")
	}
	return all, nil
}

// records are what the domain is to publish, as far as its facts are known.
func (s *surgery) records(ctx context.Context, f zone.Facts) []zone.Record {
	if pair, err := s.pair(ctx); err == nil {
		f.TLSKeys = []string{zone.SPKIHash(pair.Leaf)}
	}
	return zone.Records(f)
}
