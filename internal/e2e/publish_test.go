package e2e

import (
	"context"
	"encoding/base64"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/dnsrecords"
	"github.com/openova-io/smtp-mirror/internal/dnsservers"
	"github.com/openova-io/smtp-mirror/internal/dnstest"
	"github.com/openova-io/smtp-mirror/internal/hetznertest"
	"github.com/openova-io/smtp-mirror/internal/rig"
	"github.com/openova-io/smtp-mirror/rotation"
	"github.com/openova-io/smtp-mirror/zone"
)

const (
	publicAddress = "192.0.2.25"
	publishSecret = "publish"
)

// balancer makes the LoadBalancer, with a private address beside the public one.
func (s *site) balancer() {
	s.t.Helper()
	services := s.Admin.CoreV1().Services(s.Home)
	service, err := services.Create(s.t.Context(), &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "stalwart-sovereign-mail"},
		Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer, Ports: []corev1.ServicePort{{Name: "smtp", Port: 25}, {Name: "submission", Port: 587}}}}, metav1.CreateOptions{})
	must(s.t, err)
	service.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "10.0.0.3"}, {IP: publicAddress}}
	_, err = services.UpdateStatus(s.t.Context(), service, metav1.UpdateOptions{})
	must(s.t, err)
}

// rotating makes a rotation short enough to be seen; a revoked key stays.
func rotating(c *config.Config) {
	c.DNS.Look, c.DKIM.Manage = true, config.ManageRotate
	c.DKIM.RetireAfter.Duration, c.DKIM.DeleteAfter.Duration = 2*time.Second, time.Hour
}

// values are what a server of the public DNS answers.
func (s *site) values(server, name, kind string) (all []string) {
	client := dns.Client{Net: "tcp", Timeout: 5 * time.Second}
	answer, _, err := client.ExchangeContext(s.t.Context(), new(dns.Msg).SetQuestion(name+".", dns.StringToType[kind]), server)
	if err != nil {
		return nil
	}
	for _, rr := range answer.Answer {
		all = append(all, zone.FromRR(rr).Value)
	}
	return all
}

// revoked reports whether the DNS says that the key of a selector is not used any more.
func (s *site) revoked(server, selector string) bool {
	all := s.values(server, selector+"._domainkey."+rig.Domain, "TXT")
	return len(all) == 1 && strings.HasSuffix(all[0], "; p=")
}

// rotate asks for other keys, and waits until the old ones are revoked in the DNS.
func (p *published) rotate(server string) {
	p.t.Helper()
	p.until("two keys sign", patience, func(context.Context) bool { return len(p.ours("active")) == 2 })
	first := p.ours("active")
	p.editRecords(func(c *corev1.ConfigMap) { c.Annotations = map[string]string{rotation.Annotation: "one"} })
	p.until("others sign", patience, func(context.Context) bool {
		now := p.ours("active")
		return len(now) == 2 && !slices.ContainsFunc(first, func(s string) bool { return slices.Contains(now, s) })
	})
	p.until("the old ones are revoked", patience, func(context.Context) bool { return p.revoked(server, first[0]) && p.revoked(server, first[1]) })
}

// TestExternalDNSPublishes with exactly the rights that are printed: the kind appears
// while the controller runs, and a key is revoked although this external-dns loses
// every TXT that changes in place. A dry run says what is missing.
func TestExternalDNSPublishes(t *testing.T) {
	t.Parallel()
	p := newPublished(t, func(c *config.Config) {
		rotating(c)
		c.DNS.Publish.ExternalDNS.Enabled = true
	})
	p.balancer()
	process := p.start()
	p.await("publish/external-dns", "Held", "DNSEndpointNotServed")
	x := p.installExternalDNS()
	p.rotate(p.servers[0].Addr)
	if got := p.values(p.servers[0].Addr, rig.MailHost, "A"); !slices.Equal(got, []string{publicAddress}) {
		t.Errorf("the mail host has %q", got)
	}
	if p.values(p.servers[0].Addr, "_submission._tcp."+rig.Domain, "SRV") == nil || p.values(p.servers[0].Addr, "_submissions._tcp."+rig.Domain, "SRV") != nil {
		t.Error("a port is announced that is closed, or none")
	}
	p.stop(process)
	x.remove("MX", rig.Domain)
	if code, out := p.once("--dry-run"); code != 0 || !contains(out, "WouldPublish: would apply smtp-mirror-mx-example-test-") {
		t.Errorf("exit code %d, or it does not say what it would publish\n%s", code, out)
	}
	if n := x.lost(); n > 0 {
		t.Errorf("a TXT has changed in place %d times", n)
	}
}

// TestDynamicUpdatesPublish into every real name server that there is, with the domain
// in letters of both cases.
func TestDynamicUpdatesPublish(t *testing.T) {
	t.Parallel()
	for name, start := range dnsservers.Starters() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key := dnsservers.Key{Name: "updater", Algorithm: "hmac-sha256", Secret: base64.StdEncoding.EncodeToString([]byte("canary-of-updates, thirty-two by"))}
			server, err := start(t.Context(), dnsservers.Options{Zone: rig.Domain, Keys: []dnsservers.Key{key}})
			if errors.Is(err, dnsservers.ErrUnavailable) {
				t.Skip(err)
			}
			must(t, err)
			t.Cleanup(func() { must(t, server.Close()) })
			p := &published{site: newSite(t, layout{domain: rig.Domain, tune: func(c *config.Config) {
				rotating(c)
				c.Domain = "Example.Test"
				c.DNS.Servers, c.DNS.Recursive = []string{server.Addr()}, server.Addr()
				c.DNS.Publish.RFC2136 = config.RFC2136{Enabled: true, Server: server.Addr(), Zone: "example.test.", TSIGSecret: publishSecret}
			}})}
			p.secret(key.Secret)
			p.createSecret(secretOf(p.Home, publishSecret, map[string]string{"name": key.Name, "algorithm": key.Algorithm, "secret": key.Secret}))
			p.balancer()
			if code, out := p.once("--dry-run"); code != 0 || !contains(out, "WouldPublish: would update") || p.values(server.Addr(), rig.Domain, "MX") != nil {
				t.Errorf("exit code %d, or it does not say what it would publish\n%s", code, out)
			}
			p.start()
			p.rotate(server.Addr())
			if got := p.values(server.Addr(), rig.MailHost, "A"); !slices.Equal(got, []string{publicAddress}) {
				t.Errorf("the mail host has %q", got)
			}
		})
	}
}

// TestTheReverseNameIsPublished when the DNS leads from the mail host to the address,
// and not before.
func TestTheReverseNameIsPublished(t *testing.T) {
	t.Parallel()
	const token = "canary-of-hetzner-token"
	api, address := hetznertest.New(token), netip.MustParseAddr(publicAddress)
	t.Cleanup(api.Close)
	api.Add(hetznertest.LoadBalancer, address, "static.25.2.0.192.clients.your-server.de")
	p := newPublished(t, func(c *config.Config) {
		c.DKIM.Manage = config.ManageObserve
		c.Domain = "Example.Test"
		c.DNS.Publish.HetznerPTR = config.HetznerPTR{Enabled: true, Endpoint: api.URL, TokenSecret: publishSecret}
	})
	p.secret(token)
	p.createSecret(secretOf(p.Home, publishSecret, map[string]string{"token": token}))
	p.balancer()
	p.start()
	p.await("publish/ptr", "Held", "NotForwardConfirmed")
	p.until("its address is listed", patience, func(ctx context.Context) bool {
		return slices.ContainsFunc(p.zone(ctx), func(r dnsrecords.Record) bool { return r.Type == "A" })
	})
	p.publish(t.Context(), p.servers[0])
	p.stays("one server is not enough", 2*time.Second, func(context.Context) bool { return api.Writes() == 0 })
	p.publish(t.Context(), p.servers[1])
	p.until("the name is set", patience, func(context.Context) bool { return api.Name(address) == rig.MailHost })
	asked := slices.DeleteFunc(p.servers[0].Queries(), func(q dnstest.Query) bool { return !q.Recursion || q.Name != rig.MailHost })
	if len(asked) > 0 {
		t.Errorf("a recursive server was asked %d times", len(asked))
	}
}
