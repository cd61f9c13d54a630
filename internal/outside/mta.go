package outside

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/openova-io/smtp-mirror/internal/controlplane/pki"
)

// Mail is a mail as it arrived.
type Mail struct {
	At       time.Time
	Peer     string // address that connected
	Helo     string
	From, To string // of the envelope
	TLS      string // "TLS 1.3"; "" = in clear
	Data     []byte
	Subject  string

	Arrival Result
	Later   Result // zero until then
}

func (m Mail) header(name string) string {
	message, err := mail.ReadMessage(strings.NewReader(string(m.Data)))
	if err != nil {
		return ""
	}
	return message.Header.Get(name)
}

// author is the domain of From:.
func (m Mail) author() string {
	address, err := mail.ParseAddress(m.header("From"))
	if err != nil {
		return ""
	}
	_, domain, _ := strings.Cut(address.Address, "@")
	return canonical(domain)
}

// MTA is a receiving mail server. What it takes is judged before it says so.
type MTA struct {
	server  *smtp.Server
	addr    string
	ca      []byte
	servers func() []string // the name servers that it may ask
	ctx     context.Context //nolint:containedctx // ends with Close
	cancel  context.CancelFunc

	mu     sync.Mutex
	mails  []*Mail
	arrive chan struct{} // closed and replaced with each mail
}

// StartMTA starts one on a free port of 127.0.0.1 that calls itself host.
func StartMTA(host string, servers func() []string) (*MTA, error) {
	ca, err := pki.NewCA("outside")
	if err != nil {
		return nil, fmt.Errorf("making a CA: %w", err)
	}
	issued, err := ca.Server(host, "127.0.0.1")
	if err != nil {
		return nil, fmt.Errorf("making a certificate: %w", err)
	}
	pair, err := tls.X509KeyPair(issued.Cert, issued.Key)
	if err != nil {
		return nil, fmt.Errorf("loading the certificate: %w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	m := &MTA{addr: listener.Addr().String(), ca: ca.PEM(), servers: servers, arrive: make(chan struct{})}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	m.server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{mta: m, conn: c}, nil }))
	m.server.Domain, m.server.ErrorLog = host, log.New(io.Discard, "", 0)
	m.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	m.server.ReadTimeout, m.server.WriteTimeout = time.Minute, time.Minute
	m.server.MaxMessageBytes, m.server.MaxRecipients = 1<<20, 10
	go func() { _ = m.server.Serve(listener) }() // ends with Close
	return m, nil
}

// Addr is host:port.
func (m *MTA) Addr() string { return m.addr }

// CA signed its certificate, PEM.
func (m *MTA) CA() []byte { return m.ca }

// Mails is everything that has arrived, in order.
func (m *MTA) Mails() []Mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]Mail, 0, len(m.mails))
	for _, one := range m.mails {
		all = append(all, *one)
	}
	return all
}

// Await waits for a mail with a subject.
func (m *MTA) Await(ctx context.Context, subject string) (Mail, error) {
	for {
		m.mu.Lock()
		changed := m.arrive
		i := slices.IndexFunc(m.mails, func(x *Mail) bool { return x.Subject == subject })
		var found Mail
		if i >= 0 {
			found = *m.mails[i]
		}
		m.mu.Unlock()
		if i >= 0 {
			return found, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Mail{}, fmt.Errorf("the mail %q has not arrived: %w", subject, ctx.Err())
		}
	}
}

// Recheck judges again what is old enough and was judged only once, and says how much
// is still too young.
func (m *MTA) Recheck(ctx context.Context, age time.Duration) (young int) {
	m.mu.Lock()
	var due []*Mail
	for _, one := range m.mails {
		switch {
		case !one.Later.At.IsZero():
		case time.Since(one.At) < age:
			young++
		default:
			due = append(due, one)
		}
	}
	m.mu.Unlock()
	for _, one := range due {
		later := Judge(ctx, m.servers(), *one)
		if later.Servers == 0 {
			young++ // nobody has answered; another time
			continue
		}
		m.mu.Lock()
		one.Later = later
		m.mu.Unlock()
	}
	return young
}

// Close ends it.
func (m *MTA) Close() error {
	m.cancel()
	if err := m.server.Close(); err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, smtp.ErrServerClosed) {
		return err
	}
	return nil
}

// session is one connection.
type session struct {
	mta      *MTA
	conn     *smtp.Conn
	from, to string
}

// Mail takes the sender.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

// Rcpt takes every recipient.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	return nil
}

// Data takes and judges the mail. Where no name server answers it is refused for now,
// as receivers do.
func (s *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	peer, _, _ := net.SplitHostPort(s.conn.Conn().RemoteAddr().String())
	one := &Mail{At: time.Now(), Peer: peer, Helo: s.conn.Hostname(), From: s.from, To: s.to, Data: data}
	if state, ok := s.conn.TLSConnectionState(); ok {
		one.TLS = tls.VersionName(state.Version)
	}
	one.Subject = one.header("Subject")
	one.Arrival = Judge(s.mta.ctx, s.mta.servers(), *one)
	if one.Arrival.Servers == 0 {
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 24}, Message: "the DNS does not answer"}
	}
	s.mta.mu.Lock()
	defer s.mta.mu.Unlock()
	s.mta.mails = append(s.mta.mails, one)
	close(s.mta.arrive)
	s.mta.arrive = make(chan struct{})
	return nil
}

// Reset forgets the transaction.
func (s *session) Reset() { s.from, s.to = "", "" }

// Logout does nothing.
func (s *session) Logout() error { return nil }
