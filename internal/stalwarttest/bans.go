package stalwarttest

import (
	"net/netip"
	"time"
)

// window counts events of a fixed period.
type window struct {
	began time.Time
	n     int
}

func (w *window) count(now time.Time, period time.Duration) int {
	if now.Sub(w.began) >= period {
		w.began, w.n = now, 0
	}
	w.n++
	return w.n
}

// left is the time until the window ends.
func (w *window) left(now time.Time, period time.Duration) time.Duration {
	return max(w.began.Add(period).Sub(now), 0)
}

func windowOf(m map[string]*window, key string) *window {
	w, ok := m[key]
	if !ok {
		w = &window{}
		m[key] = w
	}
	return w
}

// exempt tells whether an address is never banned: exactly the two loopback
// addresses, and what was on the allow list when the settings were loaded.
func (s *Server) exempt(p *process, ip string) bool {
	if ip == "127.0.0.1" || ip == "::1" {
		return true
	}
	return matchesAny(p.active.allowed, ip)
}

func matchesAny(list []string, ip string) bool {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return false
	}
	for _, entry := range list {
		if prefix, err := netip.ParsePrefix(entry); err == nil && prefix.Contains(addr) || entry == ip {
			return true
		}
	}
	return false
}

// banned asks the list in memory, which only a reload brings up to date with
// the store.
func (s *Server) banned(p *process, ip string) bool {
	if p.mode != "" {
		return false
	}
	for entry, until := range p.blocked {
		if (until.IsZero() || s.now().Before(until)) && matchesAny([]string{entry}, ip) {
			return true
		}
	}
	return false
}

// loginFailed counts a failure and tells whether it was the one too many.
func (s *Server) loginFailed(p *process, ip, login string) bool {
	if p.mode != "" || s.exempt(p, ip) || p.active.authBanRate == 0 {
		return false
	}
	if s.store.countFailure(s.now(), ip, login) <= p.active.authBanRate {
		return false
	}
	s.block(p, ip, "authFailure", p.active.authBanPeriod)
	return true
}

// block bans an address at once and for the period; zero is for ever.
func (s *Server) block(p *process, ip, reason string, period time.Duration) {
	if s.edition.oneBanPeriod {
		period = p.active.authBanPeriod
	}
	var until time.Time
	if period > 0 {
		until = s.now().Add(period)
	}
	p.blocked[ip] = until
	if s.edition.rest {
		s.store.settings["server.blocked-ip."+ip] = ""
		return
	}
	ban := object{"address": ip, "reason": reason, "createdAt": stamp(s.now()), "expiresAt": nil}
	if period > 0 {
		ban["expiresAt"] = stamp(until)
	}
	s.store.table("BlockedIp")[s.store.newTimeID(s.now())] = ban
	s.emitLocked(p, "security.authentication-ban", object{"remoteIp": ip})
}

// loadBlocked replaces the list in memory by the one of the store.
func (s *Server) loadBlocked(p *process) {
	p.blocked = map[string]time.Time{}
	for _, ban := range s.store.tables["BlockedIp"] {
		until, _ := parseStamp(ban["expiresAt"])
		p.blocked[str(ban["address"])] = until
	}
	for _, ip := range s.settingNames("server.blocked-ip.") {
		p.blocked[ip] = time.Time{}
	}
}
