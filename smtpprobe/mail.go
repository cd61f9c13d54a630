package smtpprobe

import (
	"fmt"
	"strings"
	"time"

	"github.com/emersion/go-smtp"
)

// Mail is a short text for one recipient.
type Mail struct {
	To      string
	Subject string
	Text    string // lines of US-ASCII
	ID      string // the left side of its Message-ID, new for every mail
}

// bytes is the mail as it is sent (RFC 5322).
func (m Mail) bytes(from string, at time.Time) []byte {
	_, domain, _ := strings.Cut(from, "@")
	text := fmt.Sprintf("From: %s\nTo: %s\nSubject: %s\nDate: %s\nMessage-ID: <%s@%s>\nAuto-Submitted: auto-generated\n\n%s\n",
		from, m.To, m.Subject, at.Format(time.RFC1123Z), m.ID, domain, m.Text)
	return []byte(strings.ReplaceAll(text, "\n", "\r\n"))
}

// send hands a mail over.
func send(client *smtp.Client, from string, m Mail) Result {
	if err := client.Mail(from, nil); err != nil {
		return failed(StepMail, err)
	}
	if err := client.Rcpt(m.To, nil); err != nil {
		return failed(StepRecipient, err)
	}
	w, err := client.Data()
	if err == nil {
		_, err = w.Write(m.bytes(from, time.Now()))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return failed(StepData, err)
	}
	return Result{Verdict: Accepted}
}
