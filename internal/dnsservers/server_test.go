package dnsservers_test

import (
	"context"
	"encoding/base64"
	"errors"
	"testing"
	"time"

	"github.com/miekg/dns"
	"go.uber.org/goleak"

	"github.com/openova-io/smtp-mirror/internal/dnsservers"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const zone = "example.com"

func key() dnsservers.Key {
	return dnsservers.Key{Name: "updater", Algorithm: "hmac-sha256", Secret: base64.StdEncoding.EncodeToString([]byte("only for this test, thirty-two b"))}
}

// each runs a test with every server that is there.
func each(t *testing.T, o dnsservers.Options, test func(t *testing.T, s *dnsservers.Server)) {
	for name, start := range dnsservers.Starters() {
		t.Run(name, func(t *testing.T) {
			s, err := start(t.Context(), o)
			if errors.Is(err, dnsservers.ErrUnavailable) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
			test(t, s)
		})
	}
}

func exchange(t *testing.T, s *dnsservers.Server, m *dns.Msg) *dns.Msg {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	k := key()
	client := dns.Client{Net: "tcp", TsigSecret: map[string]string{dns.Fqdn(k.Name): k.Secret}}
	answer, _, err := client.ExchangeContext(ctx, m, s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// TestAZoneIsServedAndUpdated: what the zone began with is there, over TCP; a signed
// update is taken, an unsigned one is not.
func TestAZoneIsServedAndUpdated(t *testing.T) {
	o := dnsservers.Options{Zone: zone, Records: []string{zone + `. 300 IN MX 10 mail.` + zone + `.`, `t.` + zone + `. 60 IN TXT "a b" "c"`}, Keys: []dnsservers.Key{key()}}
	each(t, o, func(t *testing.T, s *dnsservers.Server) {
		mx := exchange(t, s, new(dns.Msg).SetQuestion(zone+".", dns.TypeMX))
		txt := exchange(t, s, new(dns.Msg).SetQuestion("t."+zone+".", dns.TypeTXT))
		if len(mx.Answer) != 1 || mx.Answer[0].(*dns.MX).Mx != "mail."+zone+"." || len(txt.Answer) != 1 || len(txt.Answer[0].(*dns.TXT).Txt) != 2 {
			t.Errorf("%s\n%s", mx, txt)
		}
		rr, err := dns.NewRR("a." + zone + ". 60 IN A 192.0.2.1")
		if err != nil {
			t.Fatal(err)
		}
		update := new(dns.Msg).SetUpdate(zone + ".")
		update.Insert([]dns.RR{rr})
		if got := exchange(t, s, update); got.Rcode != dns.RcodeRefused {
			t.Errorf("an unsigned update: %s", dns.RcodeToString[got.Rcode])
		}
		update.SetTsig("updater.", dns.HmacSHA256, 300, time.Now().Unix())
		if got := exchange(t, s, update); got.Rcode != dns.RcodeSuccess {
			t.Errorf("a signed update: %s", dns.RcodeToString[got.Rcode])
		}
		if got := exchange(t, s, new(dns.Msg).SetQuestion("a."+zone+".", dns.TypeA)); len(got.Answer) != 1 {
			t.Errorf("%s\n%s", got, s.Output())
		}
	})
}
