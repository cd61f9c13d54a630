package stalwarttest

import (
	"encoding/base64"
	"strings"
	"time"
)

func (c *smtpConn) auth(argument string) {
	mechanism, initial, _ := strings.Cut(argument, " ")
	mechanism = strings.ToUpper(mechanism)
	switch {
	case c.who != nil:
		c.reply("503 5.5.1 Already authenticated.")
		return
	case mechanism != "PLAIN" && mechanism != "LOGIN" || !strings.Contains(c.mechanisms(), mechanism):
		c.reply("554 5.7.8 Authentication mechanism not supported.")
		return
	}
	login, password, ok := c.credentials(mechanism, initial)
	if !ok {
		return
	}
	who, v := c.judge(login, password)
	switch v {
	case accepted:
		c.who, c.login = who, login
		c.reply("235 2.7.0 Authentication succeeded.")
	case forbidden:
		c.reply("550 5.7.1 Your account is not authorized to use this service.")
	case temporary:
		c.reply("454 4.7.0 Temporary authentication failure")
	case dropped:
		c.over = true
	default:
		c.failed()
	}
}

// credentials runs the dialogue of a mechanism.
func (c *smtpConn) credentials(mechanism, initial string) (login, password string, ok bool) {
	if mechanism == "PLAIN" {
		text, ok := c.response(initial, "")
		parts := strings.Split(text, "\x00")
		if !ok || len(parts) != 3 {
			if ok {
				c.reply("500 5.5.6 Invalid challenge.")
			}
			return "", "", false
		}
		return parts[1], parts[2], true
	}
	login, ok = c.response(initial, "VXNlcm5hbWU6")
	if !ok {
		return "", "", false
	}
	password, ok = c.response("", "UGFzc3dvcmQ6")
	return login, password, ok
}

// response decodes what the client has sent, after asking for it if need be.
func (c *smtpConn) response(given, challenge string) (string, bool) {
	if given == "" {
		c.reply("334 %s", challenge)
		line, ok := c.line()
		if !ok || line == "*" {
			c.over = !ok
			return "", false
		}
		given = line
	}
	raw, err := base64.StdEncoding.DecodeString(given)
	if err != nil {
		c.reply("500 5.5.6 Invalid challenge.")
		return "", false
	}
	return string(raw), true
}

// judge checks the login and what it is good for. Permissions and addresses
// are those of this moment, for as long as the session lasts.
func (c *smtpConn) judge(login, password string) (*identity, verdict) {
	s := c.s
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	who, v := s.login(c.p, login, password, c.ip)
	v = s.spoilLogin(v)
	if v == accepted && !(who.may("authenticate") && who.may(s.permissionName("emailSend"))) {
		v = forbidden
	}
	s.records.login("smtp", login, v)
	event := object{"accountName": login, "remoteIp": c.ip, "listenerId": "submission", "localPort": float64(atoi(c.port, 0))}
	switch v {
	case accepted:
		s.emitLocked(c.p, "auth.success", event)
	case refused:
		event["reason"] = "Authentication failed"
		s.emitLocked(c.p, "auth.failed", event)
		if s.loginFailed(c.p, c.ip, login) {
			return nil, dropped // the ban strikes without a reply
		}
	}
	return who, v
}

func (s *Server) spoilLogin(v verdict) verdict {
	switch {
	case v != accepted:
		return v
	case s.faults.take(SMTPRefuse, "", "AUTH") != nil:
		return refused
	case s.faults.take(SMTPTemporary, "", "AUTH") != nil:
		return temporary
	case s.faults.take(SMTPDrop, "", "AUTH") != nil:
		return dropped
	}
	return v
}

// failed refuses after the wait; the third failure ends the connection.
func (c *smtpConn) failed() {
	if wait := c.settings.waitOnFail; wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-c.p.stopping:
			c.over = true
			return
		}
	}
	c.reply("535 5.7.8 Authentication credentials invalid.")
	c.failures++
	if c.failures >= c.settings.maxFailures {
		c.reply("455 4.3.0 Too many authentication errors, disconnecting.")
		c.over = true
	}
}
