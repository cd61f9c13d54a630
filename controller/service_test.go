package controller

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func loadBalancer(addresses []string, ports ...int32) *corev1.Service {
	s := &corev1.Service{}
	for _, a := range addresses {
		s.Status.LoadBalancer.Ingress = append(s.Status.LoadBalancer.Ingress, corev1.LoadBalancerIngress{IP: a})
	}
	for _, p := range ports {
		s.Spec.Ports = append(s.Spec.Ports, corev1.ServicePort{Port: p})
	}
	return s
}

// TestAPrivateAddressIsNotPublished beside a public one.
func TestAPrivateAddressIsNotPublished(t *testing.T) {
	for want, addresses := range map[string][]string{
		"[192.0.2.25 2001:db8::25]": {"192.0.2.25", "2001:db8::25", "10.0.0.3"},
		"[192.0.2.25]":              {"172.16.0.1", "192.168.0.1", "169.254.1.1", "100.64.0.1", "100.127.255.1", "fd00::1", "fe80::1", "127.0.0.1", "192.0.2.25", "::ffff:10.0.0.1"},
		"[127.0.0.1 10.0.0.3]":      {"127.0.0.1", "10.0.0.3"},
		"[100.128.0.1]":             {"100.128.0.1", "", "a host"},
		"[]":                        nil,
	} {
		if got := fmt.Sprint(serviceAddresses(loadBalancer(addresses))); got != want {
			t.Errorf("%v: %s", addresses, got)
		}
	}
}

// TestOnlyPortsThatAreThereAreAnnounced: a mail program that is sent to a port that is
// closed waits.
func TestOnlyPortsThatAreThereAreAnnounced(t *testing.T) {
	for want, ports := range map[string][]int32{"587 465": {25, 465, 587}, "587 0": {25, 587}, "0 465": {465}, "0 0": {25}} {
		a, b := servicePorts(loadBalancer(nil, ports...))
		if got := fmt.Sprint(a, b); got != want {
			t.Errorf("%v: %s", ports, got)
		}
	}
}
