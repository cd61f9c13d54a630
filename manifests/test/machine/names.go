//go:build linux

package machine

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// clusterDomain ends the names of Services.
const clusterDomain = ".svc.cluster.local."

// names is the cluster's DNS. It has no way out: it knows the cluster's own names and those
// of the options, says of others in the cluster's domain that they do not exist, and fails
// for the rest of the world.
type names struct {
	machine *Machine
	servers []*dns.Server
}

func (m *Machine) startNames() (*names, error) {
	n := &names{machine: m}
	packets, err := net.ListenPacket("udp", net.JoinHostPort(node.String(), "53"))
	if err != nil {
		return nil, fmt.Errorf("listening for DNS: %w", err)
	}
	streams, err := net.Listen("tcp", net.JoinHostPort(node.String(), "53"))
	if err != nil {
		return nil, fmt.Errorf("listening for DNS: %w", err)
	}
	for _, s := range []*dns.Server{{PacketConn: packets}, {Listener: streams}} {
		ready := make(chan struct{})
		s.Handler, s.NotifyStartedFunc = n, func() { close(ready) }
		go func() { _ = s.ActivateAndServe() }() // ends with close
		<-ready
		n.servers = append(n.servers, s)
	}
	return n, nil
}

func (n *names) close() {
	for _, s := range n.servers {
		_ = s.Shutdown()
	}
}

// ServeDNS answers.
func (n *names) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	m := new(dns.Msg).SetReply(q)
	m.Rcode = dns.RcodeServerFailure
	if len(q.Question) == 1 {
		name := strings.ToLower(q.Question[0].Name)
		addresses, known := n.lookup(context.Background(), name)
		switch {
		case known:
			m.Rcode = dns.RcodeSuccess
		case strings.HasSuffix(name, ".cluster.local."):
			m.Rcode = dns.RcodeNameError
		}
		if q.Question[0].Qtype == dns.TypeA {
			for _, a := range addresses {
				m.Answer = append(m.Answer, &dns.A{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: a})
			}
		}
	}
	_ = w.WriteMsg(m) // who asks asks again
}

// lookup gives the addresses of a name.
func (n *names) lookup(ctx context.Context, name string) (addresses []net.IP, known bool) {
	if service, ok := n.machine.options.Hosts[strings.TrimSuffix(name, ".")]; ok {
		if ip := net.ParseIP(service); ip != nil {
			return []net.IP{ip}, true
		}
		namespace, name, _ := strings.Cut(service, "/")
		return n.endpoints(ctx, namespace, name)
	}
	parts := strings.Split(strings.TrimSuffix(name, clusterDomain), ".")
	if !strings.HasSuffix(name, clusterDomain) || len(parts) != 2 {
		return nil, false
	}
	return n.endpoints(ctx, parts[1], parts[0])
}

// endpoints are the ready Pods of a Service. Where there are none, an address stands for
// them where nothing listens: a connection is refused, as kube-proxy does it.
func (n *names) endpoints(ctx context.Context, namespace, name string) (addresses []net.IP, known bool) {
	service, err := n.machine.client.CoreV1().Services(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, false
	}
	found, err := n.machine.client.DiscoveryV1().EndpointSlices(namespace).List(ctx, metav1.ListOptions{LabelSelector: "kubernetes.io/service-name=" + name})
	if err != nil {
		return nil, false
	}
	for _, s := range found.Items {
		if !leads(service.Spec.Ports, s.Ports) {
			continue
		}
		for _, e := range s.Endpoints {
			if e.Conditions.Ready == nil || *e.Conditions.Ready {
				addresses = append(addresses, net.ParseIP(e.Addresses[0]))
			}
		}
	}
	if len(addresses) == 0 {
		addresses = []net.IP{services}
	}
	return addresses, true
}

// leads tells whether each port of a Service leads to the port of the same number: clients
// get the Pods' own addresses, so another one would be seen by nobody.
func leads(service []corev1.ServicePort, slice []discoveryv1.EndpointPort) bool {
	for _, s := range service {
		if !slices.ContainsFunc(slice, func(p discoveryv1.EndpointPort) bool {
			return p.Name != nil && *p.Name == s.Name && p.Port != nil && *p.Port == s.Port
		}) {
			return false
		}
	}
	return true
}

// balance gives LoadBalancers an address. No packet ever takes it.
func (m *Machine) balance(ctx context.Context) error {
	watch, err := m.client.CoreV1().Services("").Watch(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	m.work.Go(func() {
		defer watch.Stop()
		for event := range watch.ResultChan() {
			s, ok := event.Object.(*corev1.Service)
			if !ok || s.Spec.Type != corev1.ServiceTypeLoadBalancer || len(s.Status.LoadBalancer.Ingress) > 0 {
				continue
			}
			s.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "192.0.2.25"}}            // RFC 5737
			_, _ = m.client.CoreV1().Services(s.Namespace).UpdateStatus(ctx, s, metav1.UpdateOptions{}) // a newer one comes by
		}
	})
	return nil
}
