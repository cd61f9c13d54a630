package stalwartproc

import (
	"context"
	"errors"
	"net"
	"strconv"
)

// Outside is where a server of a test finds the rest of the world: one resolver, which
// knows the relay's name, and one relay, to which everything goes that is not local.
//
// A server refuses to deliver to a loopback address ("host resolves loopback address"),
// but takes only ::1 and 127.0.0.0/8 for one. So the resolver says that the relay is at
// 0.0.0.0, which the system connects to this machine.
type Outside struct {
	Resolver string // address:port
	Relay    string // a host name
	Port     int    // of the relay
}

// resolver splits the address.
func (o *Outside) resolver() (host string, port int) {
	host, text, _ := net.SplitHostPort(o.Resolver)
	port, _ = strconv.Atoi(text)
	return host, port
}

// exempt is the condition under which a throttle of 0.16 holds: not for those who have
// logged in.
const exempt = "authenticated_as == ''"

// throttles seeds the defaults with the exemption of those who have logged in.
func (r *recovery) throttles(ctx context.Context) error {
	rule := func(description string, count, period int, keys ...string) map[string]any {
		of := map[string]bool{}
		for _, k := range keys {
			of[k] = true
		}
		return map[string]any{"description": description, "enable": true, "key": of, "match": map[string]any{"match": map[string]any{}, "else": exempt},
			"rate": map[string]int{"count": count, "period": period}}
	}
	const count, second, perHour, hour = 5, 1000, 25, 3600_000 // as shipped
	_, err := r.jmap.create(ctx, "x:MtaInboundThrottle", map[string]any{
		"a": rule("Sender IP throttle", count, second, "remoteIp"),
		"b": rule("Sender address to recipient throttle", perHour, hour, "senderDomain", "rcpt"),
	})
	return err
}

// route points the resolver and the deliveries of 0.16 at the outside. The default
// routes are made only where there is none at all, so "local" is made here too.
func (r *recovery) route(ctx context.Context) error {
	o := r.options.Outside
	if o == nil {
		return nil
	}
	host, port := o.resolver()
	server := map[string]any{"protocol": "udp", "address": host, "port": port}
	_, err := r.jmap.create(ctx, "x:MtaRoute", map[string]any{
		"l": map[string]any{"@type": "Local", "name": "local", "description": "Local delivery route"},
		"o": map[string]any{"@type": "Relay", "name": "outside", "description": "the outside world of a test", "address": o.Relay, "port": o.Port,
			"protocol": "smtp", "implicitTls": false, "allowInvalidCerts": true, "authSecret": map[string]string{"@type": "None"}},
	})
	return errors.Join(err,
		r.jmap.set(ctx, "x:DnsResolver", map[string]any{"@type": "Custom", "servers": map[string]any{"0": server}}),
		r.jmap.set(ctx, "x:MtaOutboundStrategy", map[string]any{"route": map[string]any{
			"match": map[string]any{"0": map[string]string{"if": "is_local_domain(rcpt_domain)", "then": "'local'"}}, "else": "'outside'",
		}}),
	)
}
