package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/internal/outside"
	"github.com/openova-io/smtp-mirror/internal/rig"
)

// driver takes the keys of the domain through their stages.
type driver interface {
	name() string
	tune(c *config.Config)
	// prepare makes the server sign with both algorithms, and waits until the DNS knows
	// these keys.
	prepare(ctx context.Context) error
	// rotate returns when new keys sign and the old ones do not; what is left of their
	// lives goes on in the background.
	rotate(ctx context.Context) error
}

// driving chooses the driver.
func (x *site) driving() (driver, error) {
	by := x.b.o.driver
	switch {
	case x.server.old && !x.b.o.byProduct():
		return x.as(&handREST{desk: desk{x}}), nil
	case by == "hand":
		return x.as(&handJMAP{desk: desk{x}}), nil
	case by == "naive":
		return x.as(&handJMAP{desk: desk{x}, naive: true}), nil
	case x.b.o.byProduct():
		return x.as(&product{desk{x}}), nil
	}
	return nil, fmt.Errorf("no such driver: %s", by)
}

func (x *site) as(d driver) driver {
	x.out.Driver = d.name()
	return d
}

// desk is somebody with the administrator's rights.
type desk struct{ x *site }

var errRefused = errors.New("refused by the server")

// send sends a plain request. Errors tell the status only.
func (d desk) send(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, d.x.mail.URL()+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.SetBasicAuth(d.x.mail.Admin())
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %w: %s", method, path, errRefused, response.Status)
	}
	return answer, err
}

// pair is a key that somebody has made by hand.
type pair struct{ selector, algorithm, private, public string }

// value is its record.
func (p pair) value() string { return "v=DKIM1; k=" + p.algorithm + "; h=sha256; p=" + p.public }

// newPair makes a key: PKCS#1 for RSA, as 0.15 reads nothing else back.
func newPair(algorithm, selector string) (pair, error) {
	p := pair{selector: selector, algorithm: algorithm}
	if algorithm == "ed25519" {
		public, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return p, err
		}
		der, err := x509.MarshalPKCS8PrivateKey(private)
		p.private = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
		p.public = base64.StdEncoding.EncodeToString(public)
		return p, err
	}
	const bits = 2048
	private, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return p, err
	}
	p.private = string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private)}))
	der, err := x509.MarshalPKIXPublicKey(private.Public())
	p.public = base64.StdEncoding.EncodeToString(der)
	return p, err
}

// fresh makes a key of each algorithm under selectors that were never used before.
func fresh(n int) ([]pair, error) {
	var all []pair
	for _, algorithm := range []string{"rsa", "ed25519"} {
		p, err := newPair(algorithm, fmt.Sprintf("hand%s%s%d", time.Now().UTC().Format("20060102"), algorithm, n))
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// published waits until every name server answers with exactly these records, and the
// negative TTL has passed since.
func (d desk) published(ctx context.Context, keys []pair) error {
	const patience = 90 * time.Second
	_, err := rig.UntilEvery(ctx, 100*time.Millisecond, "every name server knows the new keys", patience, func(ctx context.Context) bool {
		return d.everywhere(ctx, keys)
	})
	if err != nil {
		return err
	}
	return await(ctx, negative+200*time.Millisecond)
}

func (d desk) everywhere(ctx context.Context, keys []pair) bool {
	for _, k := range keys {
		for _, server := range d.x.world.Addrs() {
			texts, err := outside.TXT(ctx, server, k.selector+"._domainkey."+rig.Domain)
			if err != nil || !slices.Equal(texts, []string{k.value()}) {
				return false
			}
		}
	}
	return true
}

// signing sends mail until one is signed by exactly these keys.
func (d desk) signing(ctx context.Context, keys []pair) error {
	var want []string
	for _, k := range keys {
		want = append(want, k.selector)
	}
	slices.Sort(want)
	for {
		n, err := d.x.send(ctx)
		if err != nil {
			return err
		}
		m, err := d.x.world.MTA.Await(ctx, subject(n))
		if err != nil {
			return err
		}
		var got []string
		for _, s := range m.Arrival.Signatures {
			got = append(got, s.Selector)
		}
		slices.Sort(got)
		if slices.Equal(got, want) {
			return nil
		}
		if err := await(ctx, 300*time.Millisecond); err != nil {
			return fmt.Errorf("mail is signed by %v, not by %v: %w", got, want, err)
		}
	}
}

// await waits, or not: the error is the context's.
func await(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
