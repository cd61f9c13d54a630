package stalwarttest

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"time"
)

// The submission dialogue is written out here line by line. A ready-made server
// library answers in its own words, and the words, the order of the checks and
// the mechanisms on offer before and after TLS are what is recorded.

const smtpIdle = 5 * time.Minute

// smtpConn is one SMTP connection.
type smtpConn struct {
	s    *Server
	p    *process
	conn net.Conn
	in   *bufio.Reader
	tls  bool
	ip   string
	port string

	helo       string
	who        *identity // nil before AUTH
	login      string
	settings   activeSettings // as loaded when the session began
	failures   int
	sender     *string
	recipients []string
	over       bool
}

func (s *Server) serveSMTP(p *process, l net.Listener, implicit bool) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		p.work.Go(func() {
			defer conn.Close()
			s.newSMTPConn(p, conn, implicit).run()
		})
	}
}

func (s *Server) newSMTPConn(p *process, conn net.Conn, implicit bool) *smtpConn {
	_, port, _ := net.SplitHostPort(conn.LocalAddr().String())
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	return &smtpConn{
		s: s, p: p, conn: conn, in: bufio.NewReader(conn), tls: implicit, ip: hostOf(conn.RemoteAddr()), port: port,
		settings: p.active,
	}
}

func (c *smtpConn) run() {
	if tc, ok := c.conn.(*tls.Conn); ok && tc.Handshake() != nil {
		return
	}
	c.reply("220 %s Stalwart ESMTP at your service", c.hostname())
	for !c.over {
		line, ok := c.line()
		if !ok {
			return
		}
		c.command(line)
	}
}

func (c *smtpConn) hostname() string {
	c.s.store.mu.Lock()
	defer c.s.store.mu.Unlock()
	return c.s.hostname()
}

func (c *smtpConn) line() (string, bool) {
	c.conn.SetDeadline(time.Now().Add(smtpIdle))
	line, err := c.in.ReadString('\n')
	return strings.TrimRight(line, "\r\n"), err == nil
}

func (c *smtpConn) reply(format string, args ...any) {
	if _, err := fmt.Fprintf(c.conn, format+"\r\n", args...); err != nil {
		c.over = true
	}
}

func (c *smtpConn) command(line string) {
	verb, rest, _ := strings.Cut(line, " ")
	switch strings.ToUpper(verb) {
	case "EHLO", "LHLO":
		c.ehlo(rest)
	case "HELO":
		c.helo = rest
		c.reply("250 %s you had me at HELO", c.hostname())
	case "STARTTLS":
		c.startTLS()
	case "AUTH":
		c.auth(rest)
	case "MAIL":
		c.mail(rest)
	case "RCPT":
		c.rcpt(rest)
	case "DATA":
		c.data()
	case "RSET":
		c.sender, c.recipients = nil, nil
		c.reply("250 2.0.0 OK")
	case "NOOP":
		c.reply("250 2.0.0 OK")
	case "QUIT":
		c.reply("221 2.0.0 Bye.")
		c.over = true
	default:
		c.reply("500 5.5.1 Invalid command.")
	}
}

func (c *smtpConn) ehlo(name string) {
	if name == "" {
		c.reply("501 5.5.0 Invalid EHLO domain.")
		return
	}
	c.helo = name
	lines := []string{c.hostname() + " you had me at EHLO"}
	if !c.tls {
		lines = append(lines, "STARTTLS")
	}
	lines = append(lines, "SMTPUTF8", "SIZE 104857600", "REQUIRETLS", "PIPELINING", "NO-SOLICITING",
		"ENHANCEDSTATUSCODES", "CHUNKING", "BINARYMIME")
	if mechanisms := c.mechanisms(); mechanisms != "" {
		lines = append(lines, "AUTH "+mechanisms)
	}
	lines = append(lines, "8BITMIME")
	for i, line := range lines {
		separator := "-"
		if i == len(lines)-1 {
			separator = " "
		}
		c.reply("250%s%s", separator, line)
	}
}

// mechanisms are those on offer now: passwords only over TLS, nothing at all
// once somebody is logged in, and nothing on port 25.
func (c *smtpConn) mechanisms() string {
	switch {
	case c.port == "25" || c.who != nil:
		return ""
	case c.tls:
		return "PLAIN LOGIN XOAUTH2 OAUTHBEARER"
	}
	return "XOAUTH2 OAUTHBEARER"
}

func (c *smtpConn) startTLS() {
	if c.tls {
		c.reply("504 5.7.4 Already in TLS mode.")
		return
	}
	c.reply("220 2.0.0 Ready to start TLS.")
	secure := tls.Server(c.conn, c.s.tlsConfig(c.p))
	if err := secure.Handshake(); err != nil {
		c.over = true
		return
	}
	c.conn, c.in, c.tls, c.helo = secure, bufio.NewReader(secure), true, ""
}

// path takes the address out of "FROM:<a@b> SIZE=1".
func path(argument, keyword string) (address, parameters string, ok bool) {
	if len(argument) < len(keyword) || !strings.EqualFold(argument[:len(keyword)], keyword) {
		return "", "", false
	}
	rest := strings.TrimSpace(argument[len(keyword):])
	if !strings.HasPrefix(rest, "<") {
		return "", "", false
	}
	address, parameters, ok = strings.Cut(rest[1:], ">")
	return address, strings.TrimSpace(parameters), ok
}

func (c *smtpConn) data() {
	if c.sender == nil || len(c.recipients) == 0 {
		c.reply("503 5.5.1 RCPT is required first.")
		return
	}
	c.reply("354 Start mail input; end with <CRLF>.<CRLF>")
	text, complete := c.readMessage()
	if !complete {
		c.over = true
		return
	}
	c.s.queue(c.p, c.login, *c.sender, c.recipients, text)
	c.sender, c.recipients = nil, nil
	c.reply("250 2.0.0 Message queued with id %s.", randomHex(7))
}

// readMessage reads to the line with the single dot.
func (c *smtpConn) readMessage() (text []byte, complete bool) {
	for {
		c.conn.SetDeadline(time.Now().Add(smtpIdle))
		line, err := c.in.ReadString('\n')
		if err != nil {
			return nil, false
		}
		line = strings.TrimRight(line, "\r\n")
		if line == "." {
			return text, true
		}
		text = append(text, strings.TrimPrefix(line, ".")+"\r\n"...)
	}
}
