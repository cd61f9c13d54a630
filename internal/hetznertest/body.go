package hetznertest

import (
	"net/http"
	"net/netip"
)

// actions tells how the only action stands. Asking brings it nearer to its end.
func (a *API) actions(w http.ResponseWriter) {
	a.running--
	status := "running"
	if a.running <= 0 {
		a.running = 0
		a.pending()
		status = a.status()
	}
	answer(w, http.StatusOK, map[string]any{"actions": []any{a.action(status)}, "meta": map[string]any{"pagination": map[string]any{"page": 1, "per_page": 25, "last_page": 1, "total_entries": 1}}})
}

func (a *API) status() string {
	if a.failed != "" {
		return "error"
	}
	return "success"
}

func (a *API) action(status string) map[string]any {
	action := map[string]any{"id": 1, "command": "change_dns_ptr", "status": status, "progress": 100, "started": "2026-01-01T00:00:00+00:00", "finished": nil, "resources": []any{}, "error": nil}
	if status == "error" {
		action["error"] = map[string]any{"code": a.failed, "message": "in the words of the API"}
	}
	return action
}

// body is an object as a list has it, as far as it concerns addresses.
func (o *object) body() map[string]any {
	name := o.names[o.addr.String()]
	v4 := map[string]any{"ip": o.addr.String(), "dns_ptr": name}
	none := map[string]any{"ip": "", "dns_ptr": ""}
	all := []any{}
	for ip, name := range o.names {
		all = append(all, map[string]any{"ip": ip, "dns_ptr": name})
	}
	body := map[string]any{"id": o.id, "name": o.kind}
	switch o.kind {
	case LoadBalancer:
		body["public_net"] = map[string]any{"enabled": true, "ipv4": v4, "ipv6": none}
		if o.addr.Is6() {
			body["public_net"] = map[string]any{"enabled": true, "ipv4": none, "ipv6": v4}
		}
	case Server:
		body["public_net"] = map[string]any{"ipv4": v4, "ipv6": nil, "floating_ips": []any{}}
		if o.addr.Is6() {
			body["public_net"] = map[string]any{"ipv4": nil, "ipv6": map[string]any{"ip": network(o.addr), "dns_ptr": all}, "floating_ips": []any{}}
		}
	default:
		body["ip"], body["type"], body["dns_ptr"] = o.addr.String(), "ipv4", all
		if o.addr.Is6() {
			body["ip"], body["type"] = network(o.addr), "ipv6"
		}
	}
	return body
}

// network is the /64 that a server or an IP has instead of an address.
func network(addr netip.Addr) string { return netip.PrefixFrom(addr, 64).Masked().String() }
