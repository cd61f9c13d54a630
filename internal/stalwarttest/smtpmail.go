package stalwarttest

import (
	"strconv"
	"strings"
	"time"
)

const maxMessage = 104857600

func (c *smtpConn) mail(argument string) {
	from, parameters, ok := path(argument, "FROM:")
	switch {
	case !ok:
		c.reply("501 5.5.4 Invalid MAIL FROM.")
	case c.who == nil && c.port != "25":
		c.reply("503 5.5.1 You must authenticate first.")
	case c.sender != nil:
		c.reply("503 5.5.1 Multiple MAIL commands not allowed.")
	case tooBig(parameters):
		c.reply("552 5.3.4 Message too big for system.")
	case from != "" && !strings.Contains(from, "@"):
		c.reply("501 5.1.8 Bad sender's system address.")
	case !c.maySend(from):
		c.reply("501 5.5.4 You are not allowed to send from this address.")
	default:
		c.sender = &from
		c.reply("250 2.1.0 OK")
	}
}

func tooBig(parameters string) bool {
	for _, parameter := range strings.Fields(strings.ToUpper(parameters)) {
		if size, found := strings.CutPrefix(parameter, "SIZE="); found {
			n, err := strconv.Atoi(size)
			return err != nil || n > maxMessage
		}
	}
	return false
}

// maySend asks the rule mustMatchSender, and if it says so compares with the
// addresses of the moment of the login. The From: header is nobody's business.
func (c *smtpConn) maySend(from string) bool {
	s := c.s
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if c.who == nil || decideExpr(c.settings.mustMatch, c.environment(from, "")) == false || c.who.owns(from) {
		return true
	}
	var details []any
	if c.who.grants != nil {
		details = anyList(append([]string{c.who.name}, c.who.grants.addresses...))
	}
	s.emitLocked(c.p, "smtp.mail-from-unauthorized", object{
		"from": from, "details": details, "remoteIp": c.ip, "listenerId": "submission",
		"localPort": float64(atoi(c.port, 0)),
	})
	return false
}

func (c *smtpConn) environment(from, to string) environment {
	_, senderDomain, _ := strings.Cut(strings.ToLower(from), "@")
	_, rcptDomain, _ := strings.Cut(strings.ToLower(to), "@")
	name := ""
	if c.who != nil {
		name = c.who.name
	}
	return environment{
		variables: map[string]any{
			"authenticated_as": name, "sender": strings.ToLower(from), "sender_domain": senderDomain,
			"rcpt": strings.ToLower(to), "rcpt_domain": rcptDomain, "local_port": c.port, "is_tls": c.tls,
			"remote_ip": c.ip, "helo_domain": c.helo, "listener": "submission",
		},
		isLocal:   func(domain string) bool { return c.s.isLocal(c.p, domain) },
		keyExists: func(list, key string) bool { return c.p.lookups[list][key] },
	}
}

func (c *smtpConn) rcpt(argument string) {
	to, _, ok := path(argument, "TO:")
	switch {
	case !ok:
		c.reply("501 5.5.4 Invalid RCPT TO.")
	case c.sender == nil:
		c.reply("503 5.5.1 MAIL is required first.")
	case !c.reachable(to):
		c.reply("550 5.1.2 Mailbox does not exist.")
	case c.overHourly(to):
		c.reply("452 4.4.5 Rate limit exceeded, try again later.")
	default:
		c.recipients = append(c.recipients, to)
		c.reply("250 2.1.5 OK")
	}
}

// reachable refuses local recipients nobody has. Mail to other domains is
// accepted for delivery elsewhere.
func (c *smtpConn) reachable(to string) bool {
	s := c.s
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	local, domain, _ := strings.Cut(strings.ToLower(to), "@")
	if s.edition.rest {
		return s.reachableREST(c.p, strings.ToLower(to))
	}
	id, ok := s.findDomain(c.p, domain)
	if !ok {
		return true
	}
	if _, ok := s.findOwner(c.p, to); ok {
		return true
	}
	if base, _, tagged := strings.Cut(local, "+"); tagged {
		if _, ok := s.findOwner(c.p, base+"@"+domain); ok {
			return true
		}
	}
	return s.store.table("Domain")[id]["catchAllAddress"] != nil
}

func (s *Server) isLocal(p *process, domain string) bool {
	if s.edition.rest {
		return s.reachableREST(p, domain)
	}
	_, ok := s.findDomain(p, domain)
	return ok
}

// overHourly applies the default throttle of 25 messages per hour, sender
// domain and recipient.
func (c *smtpConn) overHourly(to string) bool {
	s := c.s
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if !c.settings.hourly || decideExpr(c.settings.hourlyMatch, c.environment(*c.sender, to)) == false {
		return false
	}
	_, domain, _ := strings.Cut(strings.ToLower(*c.sender), "@")
	return windowOf(c.p.perHour, domain+" "+strings.ToLower(to)).count(s.now(), time.Hour) > 25
}
