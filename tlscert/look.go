package tlscert

import (
	"context"
	"net"
	"time"

	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
)

// shakePatience bounds what one handshake may cost: a Pod may be out of our reach.
const shakePatience = 5 * time.Second

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
	common, _ := k.Where()
	all := []string{common}
	_, port, err := net.SplitHostPort(common)
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
	if k.Turn != nil {
		if err := k.Turn(ctx); err != nil {
			return Shown{Problem: "the handshake did not get its turn: " + err.Error(), Reason: string(smtpprobe.Unreachable)}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, shakePatience)
	defer cancel()
	_, implicit := k.Where()
	chain, result := smtpprobe.Handshake(ctx, smtpprobe.Request{Address: address, ServerName: name, ImplicitTLS: implicit})
	if len(chain) == 0 {
		return Shown{Broken: result.Shook, Problem: result.Detail, Reason: string(result.Verdict), Dead: result.Address}
	}
	shown := Shown{Leaf: fingerprint(chain[0]), Chain: stalwart.ChainFingerprint(chain)}
	if name != "" {
		k.served.put(address, chain[0])
	}
	return shown
}
