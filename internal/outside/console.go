package outside

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Console sends PIN mails with nothing in hand but the data of the mirror Secret.
type Console struct {
	Data  map[string][]byte // smtp-host, smtp-port, smtp-user, smtp-pass, smtp-from
	At    string            // host:port that the network makes of smtp-host and smtp-port
	Roots *x509.CertPool    // the authorities that it trusts
	From  string            // local address to dial from; "" = any
}

// Send hands over one mail over STARTTLS. The error tells what the server said.
func (c Console) Send(ctx context.Context, to, subject string) error {
	dialer := net.Dialer{Timeout: 10 * time.Second}
	if c.From != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(c.From)}
	}
	conn, err := dialer.DialContext(ctx, "tcp", c.At)
	if err != nil {
		return fmt.Errorf("connecting to the mail server: %w", err)
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	client, err := smtp.NewClientStartTLS(conn, &tls.Config{RootCAs: c.Roots, ServerName: c.value("host"), MinVersion: tls.VersionTLS12})
	if err != nil {
		return fmt.Errorf("STARTTLS with %s: %w", c.value("host"), err)
	}
	if err := client.Auth(sasl.NewPlainClient("", c.value("user"), c.value("pass"))); err != nil {
		return fmt.Errorf("AUTH: %w", err)
	}
	if err := client.SendMail(c.value("from"), []string{to}, strings.NewReader(c.text(to, subject))); err != nil {
		return fmt.Errorf("sending the mail: %w", err)
	}
	_ = client.Quit() // the mail is queued
	return nil
}

func (c Console) value(name string) string { return string(c.Data["smtp-"+name]) }

func (c Console) text(to, subject string) string {
	_, domain, _ := strings.Cut(c.value("from"), "@")
	return strings.Join([]string{
		"From: Console <" + c.value("from") + ">", "To: <" + to + ">", "Subject: " + subject,
		"Date: " + time.Now().UTC().Format(time.RFC1123Z), "Message-ID: <" + rand.Text() + "@" + domain + ">",
		"MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "", "Your PIN is 000000.", "",
	}, "\r\n")
}
