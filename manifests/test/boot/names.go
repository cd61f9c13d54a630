package main

import (
	"net"

	"github.com/miekg/dns"
)

// names is the DNS of a cluster that has no way out: it knows its own names, and fails for
// all others. Whoever has no DNS at all waits for it, Stalwart at each login.
type names struct{ server *dns.Server }

func startNames() (*names, error) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:53")
	if err != nil {
		return nil, err
	}
	ready := make(chan struct{})
	n := &names{}
	n.server = &dns.Server{PacketConn: conn, Handler: n, NotifyStartedFunc: func() { close(ready) }}
	go func() { _ = n.server.ActivateAndServe() }() // ends with close
	<-ready
	return n, nil
}

// ServeDNS answers with the one address that there is.
func (n *names) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	m := new(dns.Msg).SetReply(q)
	m.Rcode = dns.RcodeServerFailure
	own := map[string]bool{mailHost + ".": true, release + "-http." + release + ".svc.cluster.local.": true}
	if len(q.Question) == 1 && own[q.Question[0].Name] {
		m.Rcode = dns.RcodeSuccess
		if q.Question[0].Qtype == dns.TypeA {
			m.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 5}, A: net.IPv4(127, 0, 0, 1)}}
		}
	}
	_ = w.WriteMsg(m) // who asks asks again
}
