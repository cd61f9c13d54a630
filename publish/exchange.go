package publish

import (
	"context"
	"time"

	"github.com/miekg/dns"
)

const (
	exchangeTimeout = 5 * time.Second
	tsigFudge       = 300 // seconds, RFC 8945, section 10
)

// exchange signs and sends one message, and judges the answer. Queries are signed as
// well: what we believe to be there decides what we change.
func (u *DNSUpdate) exchange(ctx context.Context, k tsigKey, m *dns.Msg) (*dns.Msg, error) {
	timeout := u.Timeout
	if timeout == 0 {
		timeout = exchangeTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	m.SetTsig(k.name, k.algorithm, tsigFudge, time.Now().Unix())
	client := dns.Client{Net: "tcp", Timeout: timeout, TsigSecret: map[string]string{k.name: k.secret.Reveal()}}
	answer, _, err := client.ExchangeContext(ctx, m, u.Server)
	return answer, u.judge(k, answer, err)
}

// query reads one RRset from the server.
func (u *DNSUpdate) query(ctx context.Context, k tsigKey, i id) (reading, error) {
	m := new(dns.Msg).SetQuestion(dns.Fqdn(i.name), dns.StringToType[i.kind])
	m.RecursionDesired = false
	answer, err := u.exchange(ctx, k, m)
	if err != nil {
		return reading{}, err
	}
	if !answer.Authoritative {
		return reading{}, u.hold(ReasonZoneNotServed, "is not authoritative for "+i.name)
	}
	return read(i, answer.Answer), nil
}

// literal reports whether what was answered is in the zone under this very name, and
// not made from a wildcard: an update with conditions and without changes tells.
func (u *DNSUpdate) literal(ctx context.Context, k tsigKey, r reading) (bool, error) {
	for _, kind := range []string{r.kind, "CNAME"} {
		m := new(dns.Msg).SetUpdate(dns.Fqdn(u.apex()))
		absent(m, id{r.name, kind})
		switch _, err := u.exchange(ctx, k, m); {
		case isRaced(err):
			return true, nil
		case err != nil:
			return false, err
		}
	}
	return false, nil
}
