package controller_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/openova-io/smtp-mirror/controller"
)

// balancer is the LoadBalancer with the addresses that it has got.
func balancer(addresses string) *corev1.Service {
	s := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "mail", Name: "lb"}}
	for _, a := range strings.Fields(addresses) {
		s.Status.LoadBalancer.Ingress = append(s.Status.LoadBalancer.Ingress, corev1.LoadBalancerIngress{IP: a})
	}
	return s
}

// TestTheOutgoingAddress: whoever names it is believed, and what is assumed is said.
func TestTheOutgoingAddress(t *testing.T) {
	const text = "dns: {service: {namespace: mail, name: lb}"
	flag := controller.DoctorOptions{Outgoing: []netip.Addr{netip.MustParseAddr("198.51.100.9")}}
	for name, row := range map[string]struct {
		text    string
		o       controller.DoctorOptions
		service string
		want    []string
	}{
		"assumed":                         {text + "}", controller.DoctorOptions{}, "192.0.2.1", []string{"wrong example.org from 192.0.2.1", "warning outgoing address: assumed from the service mail/lb: 192.0.2.1"}},
		"configured":                      {text + ", outgoing: ['192.0.2.8', '2001:db8::8']}", controller.DoctorOptions{}, "192.0.2.1", []string{"wrong example.org from 192.0.2.8", "wrong example.org from 2001:db8::8"}},
		"a flag":                          {text + ", outgoing: ['192.0.2.8']}", flag, "192.0.2.1", []string{"wrong example.org from 198.51.100.9"}},
		"a private address beside":        {text + "}", controller.DoctorOptions{}, "10.0.0.5 192.0.2.1 fd00::1 2001:db8::1", []string{"wrong example.org from 192.0.2.1", "wrong example.org from 2001:db8::1", "warning outgoing address: assumed from the service mail/lb: 192.0.2.1, 2001:db8::1"}},
		"private addresses, as in a home": {text + "}", controller.DoctorOptions{}, "10.0.0.5", []string{"wrong example.org from 10.0.0.5", "warning outgoing address"}},
		"none":                            {text + "}", controller.DoctorOptions{}, "", []string{"unknown the outgoing address: the service mail/lb has no address"}},
	} {
		t.Run(name, func(t *testing.T) {
			begins(t, examine(t, row.text, "spf", row.o, balancer(row.service)), row.want...)
		})
	}
}

// TestAServiceThatTellsNothing: where mail leaves from is named, and the records of the
// address that it comes in by are not known all the same.
func TestAServiceThatTellsNothing(t *testing.T) {
	const text = "dns: {service: {namespace: mail, name: lb}, outgoing: ['192.0.2.8']}"
	about := func(lines []string) []string { return only(lines, "A, AAAA,") }
	begins(t, about(examine(t, text, "dns", controller.DoctorOptions{}, balancer("192.0.2.1"))))
	begins(t, about(examine(t, text, "dns", controller.DoctorOptions{}, balancer(""))), "unknown mail.example.org A, AAAA, PTR: the service mail/lb has no address")
	begins(t, about(examine(t, text, "dns", controller.DoctorOptions{})), "warning mail.example.org A, AAAA, PTR: reading the service mail/lb: services \"lb\" not found")
	begins(t, about(examine(t, text, "dns", controller.DoctorOptions{NoAPI: errors.New("no cluster")})), "unknown mail.example.org A, AAAA, PTR: no cluster")
	kube := fake.NewClientset()
	kube.PrependReactor("get", "services", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, errors.New("services is forbidden")
	})
	var o controller.DoctorOptions
	o.Clients.Core = kube.CoreV1()
	begins(t, about(examine(t, text, "dns", o)), "unknown mail.example.org A, AAAA, PTR: reading the service mail/lb: services is forbidden")
}
