package stalwarttest

import (
	"strings"
	"time"
)

// activeSettings are the settings as a process loaded them. Writing a setting
// changes the store; the process goes on with these until the next reload.
type activeSettings struct {
	authBanRate                  int
	authBanPeriod, scanBanPeriod time.Duration
	scanPaths                    []string
	allowed                      []string
	anonymousRate, accountRate   int
	throttle                     bool // 5 connections per second
	hourly                       bool // 25 messages per hour
	hourlyMatch                  object
	mustMatch                    object
	waitOnFail                   time.Duration
	maxFailures                  int
	webhooks                     []object
	hooks                        map[string]object // by id
	signatures                   map[string]string // 0.15: settings below "signature."
	adminUser, adminSecret       string            // 0.15: fallback administrator
	hostname                     string            // 0.15
	defaultDomain                string            // 0.16
}

// loadSettings takes a copy of everything that waits for a reload.
func (s *Server) loadSettings(p *process) {
	if s.edition.rest {
		p.active = s.settingsREST()
		return
	}
	security, limits, auth := s.singleton("Security"), s.singleton("Http"), s.singleton("MtaStageAuth")
	a := activeSettings{
		authBanRate:   int(num(sub(security["authBanRate"])["count"])),
		authBanPeriod: millis(security["authBanPeriod"]),
		scanBanPeriod: millis(security["scanBanPeriod"]),
		scanPaths:     members(security["scanBanPaths"]),
		anonymousRate: int(num(sub(limits["rateLimitAnonymous"])["count"])),
		accountRate:   int(num(sub(limits["rateLimitAuthenticated"])["count"])),
		mustMatch:     cloneObject(sub(auth["mustMatchSender"])),
		maxFailures:   atoi(str(sub(auth["maxFailures"])["else"]), 3),
		defaultDomain: s.defaultDomain(),
		hooks:         map[string]object{},
	}
	for _, allowed := range s.store.tables["AllowedIp"] {
		a.allowed = append(a.allowed, str(allowed["address"]))
	}
	if s.opts.KeepWait {
		a.waitOnFail, _ = time.ParseDuration(str(sub(auth["waitOnFail"])["else"]))
	}
	for _, id := range s.store.ids("WebHook") {
		hook, running := p.active.hooks[id] // one that runs keeps what it began with (observed on 0.16.18)
		if !running {
			hook = cloneObject(s.store.table("WebHook")[id])
		}
		a.webhooks, a.hooks[id] = append(a.webhooks, hook), hook
	}
	s.loadThrottles(&a)
	p.active = a
}

func (s *Server) loadThrottles(a *activeSettings) {
	for _, t := range s.store.tables["MtaInboundThrottle"] {
		if !yes(t["enable"]) {
			continue
		}
		if sub(t["key"])["remoteIp"] == true {
			a.throttle = true
		}
		if sub(t["key"])["rcpt"] == true {
			a.hourly, a.hourlyMatch = true, cloneObject(sub(t["match"]))
		}
	}
}

// broken is the first setting that cannot be built. One of them fails a reload
// as a whole. The stand-in resolves no names, so an enabled Pyzor is one.
func (s *Server) broken() *setError {
	if yes(s.singleton("SpamPyzor")["enable"]) {
		return &setError{
			Type:        "validationFailed",
			Description: "Invalid address: failed to lookup address information: Name or service not known",
			ObjectID:    &objectRef{"SpamPyzor", singletonID},
		}
	}
	return nil
}

func atoi(text string, fallback int) int {
	n := 0
	for _, r := range strings.TrimSpace(text) {
		if r < '0' || r > '9' {
			return fallback
		}
		n = n*10 + int(r-'0')
	}
	if n == 0 {
		return fallback
	}
	return n
}
