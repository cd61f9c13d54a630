package rig

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
)

// MakeKey asks a 0.15 server for an Ed25519 key of the domain; 0.16 makes its
// keys by itself, and answers 404 here.
func MakeKey(ctx context.Context, m Mail) error {
	body := []byte(`{"algorithm":"Ed25519","domain":"` + Domain + `","id":null,"selector":null}`)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.URL()+"/api/dkim", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("asking for a key: %w", err)
	}
	req.SetBasicAuth(m.Admin())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("asking for a key: %w", err)
	}
	return resp.Body.Close()
}
