package controller

import (
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// serviceAddresses are those of a LoadBalancer that the world can reach. Some clouds
// list the private address beside the public one (Hetzner's, with a network); it must
// not come into the DNS, nor has it a reverse name. Where nothing else is there, as in
// a laboratory, that is what there is.
func serviceAddresses(service *corev1.Service) []netip.Addr {
	var all []netip.Addr
	for _, ingress := range service.Status.LoadBalancer.Ingress {
		if a, err := netip.ParseAddr(ingress.IP); err == nil {
			all = append(all, a.Unmap())
		}
	}
	if public := slices.DeleteFunc(slices.Clone(all), inner); len(public) > 0 {
		return public
	}
	return all
}

// shared is what providers use behind their own translation of addresses (RFC 6598).
var shared = netip.MustParsePrefix("100.64.0.0/10") //nolint:gochecknoglobals // a constant

// inner reports whether an address means nothing outside of a network.
func inner(a netip.Addr) bool {
	return a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsLoopback() || a.IsUnspecified() || shared.Contains(a)
}

// The ports at which mail is handed in (RFC 6409, RFC 8314).
const (
	portSubmission  = 587
	portSubmissions = 465
)

// servicePorts are those of the two that a LoadBalancer leads on; 0: it does not, and
// nobody is to be told of it.
func servicePorts(service *corev1.Service) (submission, submissions uint16) {
	for _, p := range service.Spec.Ports {
		switch p.Port {
		case portSubmission:
			submission = portSubmission
		case portSubmissions:
			submissions = portSubmissions
		}
	}
	return submission, submissions
}
