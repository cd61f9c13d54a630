package controller

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/watcher"
)

// The reasons of a mail that was to be the first that a DKIM key signs.
const (
	ReasonProofMailRefused = "ProofMailRefused"
	ReasonProofMailWaits   = "ProofMailWaits"
)

// proofMail sends a mail with the proven credentials of a submission, for the first
// real use of a DKIM key.
func (c *Controller) proofMail(s config.Submission, to string) func(ctx context.Context, selector string) error {
	return func(ctx context.Context, selector string) error {
		proof := c.ledger.Latest(s.Name)
		if proof.At.IsZero() {
			return &watcher.HoldError{Why: ReasonProofMailWaits, Text: "a mail to dkim.proofRecipient waits for a login that is accepted", After: 5 * time.Second}
		}
		r, err := request(s.Probe)(proof.Credentials)
		if err != nil {
			return err
		}
		r.User, r.Password, r.ImplicitTLS = proof.Credentials.User, proof.Login, proof.Credentials.ImplicitTLS()
		r.Senders = []string{proof.Credentials.From}
		r.Mail = &smtpprobe.Mail{To: to, Subject: "DKIM key " + selector, ID: rand.Text(),
			Text: "This is the first mail that " + c.o.Config.Domain + " signs with the DKIM key " + selector + ".\n\nsmtp-mirror"}
		var got smtpprobe.Result
		err = c.loginGates[s.Name].Do(ctx, stalwart.Credential{User: r.User, Password: r.Password}, func() (bool, error) {
			got = probe(ctx, r)
			return got.Verdict == smtpprobe.PasswordRefused, nil
		})
		var rejected *stalwart.RejectedError
		if got.Verdict == smtpprobe.Accepted || err != nil && !errors.As(err, &rejected) {
			return err
		}
		return &watcher.HoldError{Why: ReasonProofMailRefused, Text: "the mail to dkim.proofRecipient was not taken: " + got.Detail, After: time.Minute}
	}
}
