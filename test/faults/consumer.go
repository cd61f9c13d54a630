package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/internal/rig"
	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/smtpprobe"
)

// consumer logs in all the time with what the mirror holds at that moment, from an
// address of its own: 127.0.0.1 is one that Stalwart never bans.
type consumer struct {
	s       *site
	address string // of the listener, through a link
	roots   *x509.CertPool
	stop    context.CancelFunc
	done    sync.WaitGroup
	logins  atomic.Int64
	refused atomic.Int64
	wrong   atomic.Int64 // of them because of the credential
}

// maxRejected is how often the controller may offer one credential that is rejected.
const maxRejected = 2

// join starts the consumer of a site.
func join(_ context.Context, s *site) error {
	cfg, err := config.Load(s.ConfigFile)
	if err != nil {
		return err
	}
	upstream := cfg.Submissions[0].Probe.Address
	if strings.HasPrefix(upstream, rig.MailHost) {
		upstream = s.Mail.SubmissionAddr()
	}
	link, err := rig.NewLink("127.0.0.1:0", upstream, fmt.Sprintf("127.0.1.%d", s.number))
	if err != nil {
		return err
	}
	s.links = append(s.links, link)
	text, err := os.ReadFile(s.Mail.CAFile())
	if err != nil {
		return err
	}
	c := &consumer{s: s, address: link.Addr(), roots: x509.NewCertPool()}
	c.roots.AppendCertsFromPEM(text)
	ctx, stop := context.WithCancel(context.Background())
	c.stop, s.crowd = stop, c
	c.done.Go(func() { c.live(ctx) })
	return nil
}

func (c *consumer) live(ctx context.Context) {
	tick := time.NewTicker(500 * time.Millisecond) // the shipped throttle allows five a second
	defer tick.Stop()
	for ctx.Err() == nil {
		c.login(ctx)
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// login tries what the mirror holds now, and counts what was refused: an answer
// to AUTH or MAIL, not a connection that broke.
func (c *consumer) login(ctx context.Context) smtpprobe.Verdict {
	mirror := c.s.MirrorData(ctx)
	if mirror == nil {
		return ""
	}
	got := smtpprobe.Probe(ctx, smtpprobe.Request{Address: c.address, ServerName: rig.MailHost, Roots: c.roots, User: string(mirror.Data["smtp-user"]),
		Password: redact.New(string(mirror.Data["smtp-pass"])), Senders: []string{string(mirror.Data["smtp-from"])}})
	if ctx.Err() != nil {
		return ""
	}
	c.logins.Add(1)
	switch got.Verdict {
	case smtpprobe.PasswordRefused:
		c.refused.Add(1)
		c.wrong.Add(1)
	case smtpprobe.NotAuthorized, smtpprobe.SenderRefused:
		c.refused.Add(1)
	}
	return got.Verdict
}

// judge ends the consumer, and counts logins that were refused and addresses that
// were banned.
func (s *site) judge(out *result) {
	if s.crowd == nil {
		return
	}
	s.crowd.stop()
	s.crowd.done.Wait()
	theirs := int(s.crowd.refused.Load())
	out.Refused = theirs
	if s.stand != nil {
		s.rejected(out)
		if n := len(s.stand.Bans()); n > 0 {
			out.bad = append(out.bad, fmt.Sprintf("%d addresses are banned", n))
		}
	}
	if theirs > 0 && !s.row.gap {
		out.bad = append(out.bad, fmt.Sprintf("%d logins of a consumer were refused", theirs))
	}
	if s.crowd.logins.Load() == 0 {
		out.bad = append(out.bad, "the consumer has never logged in")
	}
}

// rejected counts how often the controller itself offered a credential that the
// stand-in rejected. A consumer's login is the only one that it shares.
func (s *site) rejected(out *result) {
	times := map[string]int{"smtp": -int(s.crowd.wrong.Load())}
	for _, l := range s.stand.Logins() {
		if !l.Rejected {
			continue
		}
		who := l.Protocol
		if l.Protocol == "http" {
			who += " " + l.Login
		}
		times[who]++
	}
	for who, n := range times {
		out.Refused += max(n, 0)
		if n > maxRejected {
			out.bad = append(out.bad, fmt.Sprintf("the controller offered a rejected credential %d times (%s)", n, who))
		}
	}
}
