package publish

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// addressOf is the address whose reverse name this is (RFC 1035, section 3.5; RFC
// 3596, section 2.5).
func addressOf(name string) (netip.Addr, bool) {
	var text string
	if labels, ok := strings.CutSuffix(strings.ToLower(name), ".in-addr.arpa"); ok {
		parts := strings.Split(labels, ".")
		slices.Reverse(parts)
		text = strings.Join(parts, ".")
	} else if labels, ok := strings.CutSuffix(strings.ToLower(name), ".ip6.arpa"); ok {
		nibbles := strings.Split(labels, ".")
		slices.Reverse(nibbles)
		for n := range slices.Chunk(nibbles, 4) {
			text += ":" + strings.Join(n, "")
		}
		text = strings.TrimPrefix(text, ":")
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}, false
	}
	back, err := dns.ReverseAddr(addr.String())
	return addr, err == nil && strings.EqualFold(back, name+".")
}

// providersOwn is how the names end that Hetzner gives by itself
// (static.25.2.0.192.clients.your-server.de).
const providersOwn = ".clients.your-server.de"

// replaceable reports whether a reverse name may be replaced by ours: there is none, or
// it is the provider's own. Every other one was set by somebody, also one in our domain.
func replaceable(current string) bool {
	name := strings.ToLower(strings.TrimSuffix(current, "."))
	return name == "" || strings.HasSuffix(name, providersOwn)
}
