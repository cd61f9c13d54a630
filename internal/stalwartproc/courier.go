package stalwartproc

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/openova-io/smtp-mirror/internal/controlplane/child"
)

// blindVersion is what the fork of 0.15 on crates.io calls itself. It is built with the
// test feature of its DNS library, which knows no name at all, so it can deliver nothing
// anywhere. A relay whose name has unresolved in it is a temporary failure for it, and
// the mail stays in the queue as it was signed; from there a courier takes it.
const (
	blindVersion = "0.16.0"
	unresolved   = "queued._dns_error.test"
)

// NeedsCourier reports whether the server cannot deliver by itself, so that a courier
// takes its mail from the queue to the relay.
func (s *Server) NeedsCourier() bool {
	_, old := s.edition.(*v015)
	return old && s.version == blindVersion && s.options.Outside != nil
}

// queued is a message in the queue of 0.15.
type queued struct {
	ID         json.Number `json:"id"`
	ReturnPath string      `json:"return_path"`
	BlobHash   string      `json:"blob_hash"`
	Recipients []struct {
		Address string `json:"address"`
	} `json:"recipients"`
}

// carry hands over what is in the queue until the process ends.
func (s *Server) carry(p *child.Process) {
	const pace = 200 * time.Millisecond
	tick := time.NewTicker(pace)
	defer tick.Stop()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for {
		select {
		case <-p.Done():
			return
		case <-tick.C:
			_ = s.round(ctx) // the next round tries again
		}
	}
}

// round empties the queue once.
func (s *Server) round(ctx context.Context) error {
	answer, err := s.fetch(ctx, http.MethodGet, "/api/queue/messages?values=1&limit=50")
	if err != nil {
		return err
	}
	var list struct {
		Data struct {
			Items []queued `json:"items"`
		} `json:"data"`
	}
	if err := json.Unmarshal(answer, &list); err != nil {
		return fmt.Errorf("decode the queue: %w", err)
	}
	for _, m := range list.Data.Items {
		if err := s.hand(ctx, m); err != nil {
			return err
		}
		if _, err := s.fetch(ctx, http.MethodDelete, "/api/queue/messages/"+m.ID.String()); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) hand(ctx context.Context, m queued) error {
	text, err := s.fetch(ctx, http.MethodGet, "/api/store/blobs/"+m.BlobHash)
	if err != nil {
		return err
	}
	client, err := smtp.DialStartTLS(child.Address(s.options.Outside.Port), &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // opportunistic, as between mail servers
	if err != nil {
		return fmt.Errorf("connect to the relay: %w", err)
	}
	defer func() { _ = client.Close() }()
	if err := client.Mail(m.ReturnPath, nil); err != nil {
		return fmt.Errorf("hand over: %w", err)
	}
	for _, r := range m.Recipients {
		if err := client.Rcpt(r.Address, nil); err != nil {
			return fmt.Errorf("hand over: %w", err)
		}
	}
	w, err := client.Data()
	if err != nil {
		return fmt.Errorf("hand over: %w", err)
	}
	if _, err := w.Write(text); err != nil {
		return fmt.Errorf("hand over: %w", err)
	}
	return w.Close()
}

// fetch asks as the administrator.
func (s *Server) fetch(ctx context.Context, method, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, s.URL()+path, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("make a request: %w", err)
	}
	request.SetBasicAuth(s.Admin())
	response, err := s.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("send a request: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%w: status %s", errRefused, response.Status)
	}
	return answer, err
}
