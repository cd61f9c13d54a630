package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/internal/dnsservers"
	"github.com/openova-io/smtp-mirror/internal/rig"
	"github.com/openova-io/smtp-mirror/zone"
)

// The names of the Secret with the key that may update the zone, and of the LoadBalancer.
const (
	tsigSecret  = "dns-tsig"
	mailService = "mail"
)

// primary is a real name server that nobody outside asks: the controller updates it
// (RFC 2136), and what the outside is told is transferred from it (RFC 5936).
type primary struct {
	*dnsservers.Server
	program string
	key     dnsservers.Key
}

// startPrimary starts PowerDNS, the kit's own, or BIND, in turn.
func startPrimary(ctx context.Context, turn int) (*primary, error) {
	programs := slices.Sorted(func(yield func(string) bool) {
		for name := range dnsservers.Starters() {
			if !yield(name) {
				return
			}
		}
	})
	p := &primary{program: programs[turn%len(programs)],
		key: dnsservers.Key{Name: "acceptance", Algorithm: "hmac-sha256", Secret: base64.StdEncoding.EncodeToString([]byte("only for the rows of acceptance."))}}
	var err error
	p.Server, err = dnsservers.Starters()[p.program](ctx, dnsservers.Options{Zone: rig.Domain, Keys: []dnsservers.Key{p.key}})
	return p, err
}

// tune lets the controller publish there.
func (p *primary) tune(c *config.Config) {
	c.DNS.Service.Namespace, c.DNS.Service.Name = c.Stalwart.Namespace, mailService
	c.DNS.Publish.RFC2136 = config.RFC2136{Enabled: true, Server: p.Addr(), Zone: rig.Domain, TSIGSecret: tsigSecret}
}

// give puts the key where the controller reads it, and makes the LoadBalancer: BIND takes no
// MX of a host that has no address in its zone.
func (p *primary) give(ctx context.Context, r *rig.Rig) error {
	core := r.Admin.CoreV1()
	_, err := core.Secrets(r.Home).Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: tsigSecret},
		StringData: map[string]string{"name": p.key.Name, "algorithm": p.key.Algorithm, "secret": p.key.Secret}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	service, err := core.Services(r.Home).Create(ctx, &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: mailService},
		Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer, Ports: []corev1.ServicePort{{Name: "smtp", Port: 25}, {Name: "submission", Port: 587}}}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	service.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "127.0.0.1"}}
	_, err = core.Services(r.Home).UpdateStatus(ctx, service, metav1.UpdateOptions{})
	return err
}

// transferred is the zone without what every zone has.
func (p *primary) transferred() ([]zone.Record, error) {
	answers, err := new(dns.Transfer).In(new(dns.Msg).SetAxfr(rig.Domain+"."), p.Addr())
	if err != nil {
		return nil, fmt.Errorf("transferring the zone: %w", err)
	}
	var all []zone.Record
	for envelope := range answers {
		if envelope.Error != nil {
			return nil, fmt.Errorf("transferring the zone: %w", envelope.Error)
		}
		for _, rr := range envelope.RR {
			if kind := rr.Header().Rrtype; kind != dns.TypeSOA && kind != dns.TypeNS {
				all = append(all, zone.FromRR(rr))
			}
		}
	}
	return all, nil
}

// followZone tells the outside what is in the zone, as a secondary does that is notified
// at once.
func (x *site) followZone(ctx context.Context) {
	const pace = 100 * time.Millisecond
	var last []zone.Record
	for await(ctx, pace) == nil {
		records, err := x.primary.transferred()
		if err == nil && !slices.Equal(records, last) {
			last = records
			err = x.world.Publish(records)
		}
		if err != nil && ctx.Err() == nil {
			x.trouble(err.Error())
		}
	}
}

// publishers chooses who feeds the outside: the controller itself where a real name server
// is there, else a reader of the ConfigMap.
func (x *site) publishers(ctx context.Context, turn int) error {
	p, err := startPrimary(ctx, turn)
	if errors.Is(err, dnsservers.ErrUnavailable) {
		x.out.Publisher = "a reader of the ConfigMap"
		return nil
	}
	if err != nil {
		return err
	}
	x.primary, x.out.Publisher = p, "RFC 2136 to "+p.program
	return nil
}
