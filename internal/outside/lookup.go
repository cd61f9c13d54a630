package outside

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

// view is the DNS as one of its servers shows it, in the form that the verifiers want.
// It asks over UDP and then, for a long answer, over TCP.
type view struct {
	server string
	silent atomic.Bool // it did not answer, or said that it could not
}

// patience is for one answer; everybody is on this machine.
const patience = 300 * time.Millisecond

func (v *view) ask(ctx context.Context, name string, kind uint16) ([]dns.RR, error) {
	if v.silent.Load() { // once is enough
		return nil, &net.DNSError{Err: "no answer", Name: name, Server: v.server, IsTemporary: true, IsTimeout: true}
	}
	q := new(dns.Msg).SetQuestion(dns.Fqdn(name), kind)
	q.SetEdns0(dns.DefaultMsgSize, false)
	client := &dns.Client{Timeout: patience}
	m, _, err := client.ExchangeContext(ctx, q, v.server)
	if err == nil && m.Truncated {
		client.Net = "tcp"
		m, _, err = client.ExchangeContext(ctx, q, v.server)
	}
	switch {
	case err != nil:
		v.silent.Store(true)
		return nil, &net.DNSError{Err: err.Error(), Name: name, Server: v.server, IsTemporary: true, IsTimeout: true}
	case m.Rcode == dns.RcodeNameError, m.Rcode == dns.RcodeSuccess && len(m.Answer) == 0, m.Rcode == dns.RcodeRefused:
		return nil, &net.DNSError{Err: "no such host", Name: name, Server: v.server, IsNotFound: true}
	case m.Rcode != dns.RcodeSuccess:
		v.silent.Store(true)
		return nil, &net.DNSError{Err: dns.RcodeToString[m.Rcode], Name: name, Server: v.server, IsTemporary: true}
	}
	return m.Answer, nil
}

// TXT asks one server for the texts of a name.
func TXT(ctx context.Context, server, name string) ([]string, error) {
	return (&view{server: server}).LookupTXT(ctx, name)
}

// LookupTXT joins the character strings of each record.
func (v *view) LookupTXT(ctx context.Context, name string) ([]string, error) {
	answer, err := v.ask(ctx, name, dns.TypeTXT)
	var all []string
	for _, r := range answer {
		if txt, ok := r.(*dns.TXT); ok {
			text := ""
			for _, part := range txt.Txt {
				text += part
			}
			all = append(all, text)
		}
	}
	return all, err
}

// LookupMX gives the mail exchangers.
func (v *view) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	answer, err := v.ask(ctx, name, dns.TypeMX)
	var all []*net.MX
	for _, r := range answer {
		if mx, ok := r.(*dns.MX); ok {
			all = append(all, &net.MX{Host: mx.Mx, Pref: mx.Preference})
		}
	}
	return all, err
}

// LookupIPAddr gives the addresses of both families.
func (v *view) LookupIPAddr(ctx context.Context, name string) ([]net.IPAddr, error) {
	var all []net.IPAddr
	answer, err := v.ask(ctx, name, dns.TypeA)
	for _, r := range answer {
		if a, ok := r.(*dns.A); ok {
			all = append(all, net.IPAddr{IP: a.A})
		}
	}
	more, err6 := v.ask(ctx, name, dns.TypeAAAA)
	for _, r := range more {
		if a, ok := r.(*dns.AAAA); ok {
			all = append(all, net.IPAddr{IP: a.AAAA})
		}
	}
	if len(all) == 0 && err == nil {
		err = err6
	}
	if len(all) > 0 {
		err = nil
	}
	return all, err
}

// LookupAddr gives the names of an address.
func (v *view) LookupAddr(ctx context.Context, address string) ([]string, error) {
	name, err := dns.ReverseAddr(address)
	if err != nil {
		return nil, err
	}
	answer, err := v.ask(ctx, name, dns.TypePTR)
	var all []string
	for _, r := range answer {
		if ptr, ok := r.(*dns.PTR); ok {
			all = append(all, ptr.Ptr)
		}
	}
	return all, err
}
