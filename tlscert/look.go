package tlscert

import (
	"context"
	"net"
	"time"

	"github.com/openova-io/smtp-mirror/smtpprobe"
)

// podPatience bounds what one Pod may cost: it may be out of our reach.
const podPatience = 5 * time.Second

// look shakes hands with the common address, and with every Pod where there are
// several. Stalwart takes five connections a second from one address, the relay's
// logins among them: what a client sees that names no host is asked for only where a
// decision needs it.
func (k *Keeper) look(ctx context.Context, byDefault bool) []Seen {
	var all []Seen
	addresses := k.addresses()
	k.served.only(addresses)
	for _, address := range addresses {
		s := Seen{Address: address, Named: k.shake(ctx, address, k.Host)}
		if byDefault {
			shown := k.shake(ctx, address, "")
			s.Default = &shown
		}
		all = append(all, s)
	}
	return all
}

func (k *Keeper) addresses() []string {
	all := []string{k.Address}
	_, port, err := net.SplitHostPort(k.Address)
	pods := k.Pods()
	if len(pods) < 2 || err != nil {
		return all
	}
	for _, p := range pods {
		if p.Ready && p.IP != "" {
			all = append(all, net.JoinHostPort(p.IP, port))
		}
	}
	return all
}

func (k *Keeper) shake(ctx context.Context, address, name string) Shown {
	ctx, cancel := context.WithTimeout(ctx, podPatience)
	defer cancel()
	leaf, result := smtpprobe.Handshake(ctx, smtpprobe.Request{Address: address, ServerName: name, ImplicitTLS: k.ImplicitTLS})
	if leaf == nil {
		return Shown{Broken: result.Verdict == smtpprobe.NoTLS, Problem: result.Detail, Reason: string(result.Verdict), Dead: result.Address}
	}
	shown := Shown{Leaf: fingerprint(leaf)}
	if name != "" {
		k.served.put(address, leaf)
	}
	return shown
}
