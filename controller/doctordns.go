package controller

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/doctor"
	"github.com/openova-io/smtp-mirror/zone"
)

// addresses are those that mail leaves from: a flag's, the configuration's, or where
// nobody has named any those that it comes in by.
func (s *surgery) addresses() {
	balancer := doctor.Once(s.balancer)
	s.env.Records = func(ctx context.Context) ([]zone.Record, error) { return s.records(ctx, balancer) }
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

// balancer are the addresses behind which Stalwart stands.
func (s *surgery) balancer(ctx context.Context) ([]netip.Addr, error) {
	if s.o.NoAPI != nil {
		return nil, s.o.NoAPI
	}
	name := s.cfg.DNS.Service
	service, err := s.o.Clients.Core.Services(name.Namespace).Get(ctx, name.Name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading the service %s/%s: %w", name.Namespace, name.Name, err)
	}
	var all []netip.Addr
	for _, i := range service.Status.LoadBalancer.Ingress {
		if a, err := netip.ParseAddr(i.IP); err == nil {
			all = append(all, a.Unmap())
		}
	}
	if len(all) == 0 {
		return nil, errors.New("the service " + name.Namespace + "/" + name.Name + " has no address")
	}
	return public(all), nil
}

// public are the addresses that the outside can meet. Some clouds list one of their
// private network beside them; where there is no other, it is what there is.
func public(all []netip.Addr) []netip.Addr {
	outside := slices.DeleteFunc(slices.Clone(all), func(a netip.Addr) bool { return a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsLoopback() })
	if len(outside) == 0 {
		return all
	}
	return outside
}

// records are what the domain is to publish, as far as its facts are known; an error
// says why its addresses are not.
func (s *surgery) records(ctx context.Context, balancer func(context.Context) ([]netip.Addr, error)) ([]zone.Record, error) {
	f := configured(s.cfg)
	if pair, err := s.pair(ctx); err == nil {
		f.TLSKeys = []string{zone.SPKIHash(pair.Leaf)}
	}
	var unknown error
	f.Addresses, unknown = balancer(ctx)
	return zone.Records(f), unknown
}
