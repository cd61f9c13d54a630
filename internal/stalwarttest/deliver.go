package stalwarttest

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/emersion/go-smtp"
)

// signer is a DKIM key as a process has loaded it.
type signer struct{ selector, key string }

// Delivery is one message the server has accepted.
type Delivery struct {
	Login, From string
	SignedBy    []string // selectors of the DKIM keys that signed it
}

// outgoing is a message on its way to the relay. The queue survives a restart.
type outgoing struct {
	from string
	to   []string
	text []byte
}

// queue signs and records a message when it is accepted, and lets it go. A key that is
// changed afterwards changes nothing about it.
func (s *Server) queue(p *process, login, from string, to []string, text []byte) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	_, domain, _ := strings.Cut(strings.ToLower(from), "@")
	message := Delivery{Login: login, From: from}
	for _, k := range s.signers(p, domain) {
		message.SignedBy = append(message.SignedBy, k.selector)
		if s.opts.Relay != "" {
			text = append(k.sign(domain, text), text...)
		}
	}
	s.records.delivery(message)
	to = slices.DeleteFunc(slices.Clone(to), func(address string) bool {
		_, domain, _ := strings.Cut(strings.ToLower(address), "@")
		return s.isLocal(p, domain)
	})
	if s.opts.Relay == "" || len(to) == 0 {
		return
	}
	s.store.outgoing = append(s.store.outgoing, outgoing{from, to, text})
	select {
	case p.hasMail <- struct{}{}:
	default: // it knows
	}
}

func (s *Server) signers(p *process, domain string) []signer {
	if s.edition.rest {
		return s.signersREST(p, domain)
	}
	if id, ok := s.findDomain(p, domain); ok {
		return s.signersOf(p, id)
	}
	return nil
}

// sign makes the header field; nil where the key cannot be read.
func (k signer) sign(domain string, text []byte) []byte {
	key := privateKey(k.key)
	if key == nil {
		return nil
	}
	s, err := dkim.NewSigner(&dkim.SignOptions{Domain: domain, Selector: k.selector, Signer: key, Hash: crypto.SHA256,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
		HeaderKeys: []string{"Message-ID", "Date", "Subject", "To", "From"}})
	if err != nil {
		return nil
	}
	_, err = s.Write(text)
	if err = firstOf(err, s.Close()); err != nil {
		return nil
	}
	return []byte(s.Signature())
}

func firstOf(problems ...error) error {
	for _, err := range problems {
		if err != nil {
			return err
		}
	}
	return nil
}

// privateKey reads a key in the forms of parseKey.
func privateKey(text string) crypto.Signer {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil
	}
	if block.Type == "RSA PRIVATE KEY" {
		if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
			return key
		}
		return nil
	}
	if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		if signer, ok := key.(crypto.Signer); ok {
			return signer
		}
	}
	return nil
}

// deliver empties the queue whenever there is something in it, until the process ends:
// several messages at once, as a real server does. What the relay refuses is tried again.
func (s *Server) deliver(p *process) {
	const again, atOnce = time.Second, 10
	retry := time.NewTicker(again)
	defer retry.Stop()
	for {
		var under sync.WaitGroup
		var failed atomic.Bool
		taken := s.take(atOnce)
		for _, m := range taken {
			under.Go(func() {
				if s.hand(m) != nil {
					s.putBack(m)
					failed.Store(true)
				}
			})
		}
		under.Wait()
		if len(taken) == atOnce && !failed.Load() {
			continue
		}
		select {
		case <-p.stopping:
			return
		case <-p.hasMail:
		case <-retry.C:
		}
	}
}

// take takes the oldest messages from the queue.
func (s *Server) take(most int) []outgoing {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	n := min(most, len(s.store.outgoing))
	taken := slices.Clone(s.store.outgoing[:n])
	s.store.outgoing = s.store.outgoing[n:]
	return taken
}

func (s *Server) putBack(m outgoing) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	s.store.outgoing = append(s.store.outgoing, m)
}

// hand gives a message to the relay over STARTTLS, whoever that is.
func (s *Server) hand(m outgoing) error {
	client, err := smtp.DialStartTLS(s.opts.Relay, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // opportunistic, as between mail servers
	if err != nil {
		return err
	}
	defer client.Close()
	if err := client.SendMail(m.from, m.to, bytes.NewReader(m.text)); err != nil {
		return err
	}
	return client.Quit()
}
