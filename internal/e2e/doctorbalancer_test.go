package e2e

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/doctor"
	"github.com/openova-io/smtp-mirror/internal/rig"
)

// balance makes the LoadBalancer of a site, with the addresses that it has got.
func (s *site) balance(addresses ...string) {
	s.t.Helper()
	name := "stalwart-sovereign-mail"
	services := s.Admin.CoreV1().Services(s.Home)
	service, err := services.Get(s.t.Context(), name, metav1.GetOptions{})
	if err != nil {
		service, err = services.Create(s.t.Context(), &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer, Ports: []corev1.ServicePort{{Port: 25}}}}, metav1.CreateOptions{})
		must(s.t, err)
	}
	service.Status.LoadBalancer.Ingress = nil
	for _, a := range addresses {
		service.Status.LoadBalancer.Ingress = append(service.Status.LoadBalancer.Ingress, corev1.LoadBalancerIngress{IP: a})
	}
	_, err = services.UpdateStatus(s.t.Context(), service, metav1.UpdateOptions{})
	must(s.t, err)
}

// TestDoctorOfALoadBalancer: its address has records of all kinds, and where they are
// right nothing is unknown.
func TestDoctorOfALoadBalancer(t *testing.T) {
	t.Parallel()
	names, mail := outside(t)
	s := newSite(t, layout{domain: rig.Domain, tune: func(c *config.Config) { c.DNS.Servers, c.DNS.Recursive = []string{names.Addr}, names.Addr }})
	s.balance("127.0.0.1")
	if code, out := s.once(); code != 0 {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	s.until("Stalwart has made both keys", patience, func(context.Context) bool { return len(s.publicKeys()) == 2 })
	publishKeys(t, s, names)
	if code, r := s.doctor("--port25", mail); code != 0 || len(found(r, "dns", doctor.OK)) < 6 {
		t.Errorf("exit code %d, %+v", code, r)
	}
	s.balance()
	if code, r := s.doctor("--port25", mail); code != 2 || len(found(r, "", doctor.Unknown)) != 1 || len(found(r, "dns", doctor.Unknown)) != 1 {
		t.Errorf("without an address: exit code %d, %+v", code, found(r, "", doctor.Unknown, doctor.Wrong))
	}
}
