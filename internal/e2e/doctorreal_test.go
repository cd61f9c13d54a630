package e2e

import (
	"context"
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/dnsrecords"
	"github.com/openova-io/smtp-mirror/doctor"
	"github.com/openova-io/smtp-mirror/internal/rig"
	"github.com/openova-io/smtp-mirror/internal/stalwartproc"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/zone"
)

// TestDoctorOfARealServer, as it is shipped: its throttles are found, and its keys
// where it has any.
func TestDoctorOfARealServer(t *testing.T) {
	t.Parallel()
	binary := rig.FindStalwart()
	if binary == "" {
		t.Skip("no real Stalwart: STALWART_BIN names none and the cache has none")
	}
	if shared.absent != nil {
		t.Skip(shared.absent)
	}
	names, outsider := outside(t)
	mail, err := rig.StartMail(t.Context(), rig.MailOptions{Binary: binary, Dir: t.TempDir(), Domain: rig.Domain})
	must(t, err)
	t.Cleanup(func() { _ = mail.Close() })
	r, err := rig.Start(t.Context(), rig.Options{Dir: t.TempDir(), Mail: mail, Binary: shared.binary, Plane: shared.plane, Home: namespace(t, "mail"), Consumer: namespace(t, "use"),
		Tune: func(c *config.Config) { c.DNS.Servers, c.DNS.Recursive = []string{names.Addr}, names.Addr }})
	must(t, err)
	s := &site{Rig: r, t: t}
	s.secret(r.Account.BearerToken)
	t.Cleanup(s.close)
	generation, _, err := stalwartproc.Generation(binary)
	must(t, err)
	made := map[string]int{string(stalwart.Gen016): 2}[generation] // 0.15 makes none by itself
	var keys []dnsrecords.Key
	s.until("the relay is proven, and the keys are recorded", patience, func(ctx context.Context) bool {
		_, _ = s.once()
		keys = s.recorded(ctx)
		return len(keys) == made && s.MirrorHolds(ctx, rig.FirstPassword)
	})
	for _, k := range keys {
		must(t, names.Put(rig.Domain, fmt.Sprintf("%s._domainkey TXT %s", k.Selector, zone.Quote(k.TXT))))
	}
	code, report := s.doctor("--port25", outsider)
	want := map[bool]int{true: 0, false: 1}[made > 0] // without a key nothing is signed
	if code != want || len(found(report, "dkim", doctor.Unknown, doctor.Warning)) > 0 || len(found(report, "throttles", doctor.Warning)) != 2 || len(found(report, "mirror", doctor.OK)) != 1 {
		t.Errorf("%s: exit code %d, %+v", mail.Describe(), code, report)
	}
	fmt.Printf("doctor of %s: exit code %d, %d keys, %d throttles\n", mail.Describe(), code, len(keys), len(found(report, "throttles", doctor.Warning)))
}

// recorded are the keys in records.json.
func (s *site) recorded(ctx context.Context) []dnsrecords.Key {
	records, err := s.Admin.CoreV1().ConfigMaps(s.Home).Get(ctx, rig.RecordsConfigMap, metav1.GetOptions{})
	if err != nil {
		return nil
	}
	return dnsrecords.Keys(records.Data[dnsrecords.RecordsKey])
}
