package stalwart

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/openova-io/smtp-mirror/redact"
)

// Bounds of one request. A password write hashes with argon2id on the server,
// which takes its time; nothing takes longer than requestTimeout.
const (
	requestTimeout = 12 * time.Second
	dialTimeout    = 4 * time.Second
	maxBody        = 2 << 20 // the largest real answer is a page of principals
)

// Credential is a login of the management API.
type Credential struct {
	User     string
	Password redact.Secret
	APIKey   Generation // "" = an account's password; else a key of this generation
}

// Conn is one address of Stalwart's HTTP listener. It is safe for concurrent
// use.
type Conn struct {
	base       *url.URL
	http       *http.Client
	gate       *Gate
	credential func() (Credential, error)
	refused    func(Credential)
	memory     *memory
}

// Options make a [Conn].
type Options struct {
	URL        string                         // "http://host:8080", the base of every path
	Roots      func() (*x509.CertPool, error) // read before every TLS handshake: it may be a mounted file; nil = the system's
	ServerName string                         // of the certificate, where it is not the host of URL
	Gate       *Gate
	Credential func() (Credential, error) // asked before every request: it may rotate
	Refused    func(Credential)           // told of an API key that is no good; Credential then gives another
}

// NewConn makes a connection description; nothing is dialed.
func NewConn(o Options) (*Conn, error) {
	base, err := url.Parse(o.URL)
	if err != nil {
		return nil, fmt.Errorf("parsing the URL of Stalwart: %w", err)
	}
	transport := &http.Transport{
		Proxy:                  nil, // a mail server in the same cluster is never behind the proxy of the environment
		DialContext:            (&net.Dialer{Timeout: dialTimeout}).DialContext,
		DialTLSContext:         o.dialTLS,
		ResponseHeaderTimeout:  requestTimeout,
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
	return &Conn{base: base, gate: o.Gate, credential: o.Credential, refused: o.Refused, memory: &memory{}, http: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// dialTLS dials with the roots of the moment.
func (o Options) dialTLS(ctx context.Context, network, address string) (net.Conn, error) {
	config := &tls.Config{ServerName: o.ServerName, MinVersion: tls.VersionTLS12}
	if o.Roots != nil {
		var err error
		config.RootCAs, err = o.Roots()
		if err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	return (&tls.Dialer{NetDialer: &net.Dialer{}, Config: config}).DialContext(ctx, network, address)
}

// Address is the host:port that the connection dials.
func (c *Conn) Address() string {
	port := c.base.Port()
	if port == "" {
		port = map[string]string{"https": "443"}[c.base.Scheme]
	}
	if port == "" {
		port = "80"
	}
	return net.JoinHostPort(c.base.Hostname(), port)
}

// Close drops idle connections.
func (c *Conn) Close() { c.http.CloseIdleConnections() }

// anonymous sends a request without a credential: it can never count as a
// failed login.
func (c *Conn) anonymous(ctx context.Context, method, path string) (*reply, error) {
	return c.send(ctx, method, path, nil, nil)
}

// call sends a request through the gate. Where an API key is refused, whoever comes
// after it is asked at once: nothing of the request was carried out.
func (c *Conn) call(ctx context.Context, method, path string, body any) (*reply, error) {
	cred, err := c.credential()
	if err != nil {
		return nil, err
	}
	got, err := c.callAs(ctx, cred, method, path, body)
	var rejected *RejectedError
	if cred.APIKey == "" || c.refused == nil || !errors.As(err, &rejected) {
		return got, err
	}
	c.refused(cred)
	cred, err = c.credential()
	if err != nil {
		return nil, err
	}
	return c.callAs(ctx, cred, method, path, body)
}

func (c *Conn) callAs(ctx context.Context, cred Credential, method, path string, body any) (*reply, error) {
	var got *reply
	err := c.gate.Do(ctx, cred, func() (bool, error) {
		var err error
		got, err = c.send(ctx, method, path, body, &cred)
		if err != nil {
			return false, err
		}
		if got.status == http.StatusNotFound {
			return false, errNotJudged
		}
		return got.status == http.StatusUnauthorized, got.failure()
	})
	if errors.Is(err, errNotJudged) {
		err = nil
	}
	return got, err
}

// errNotJudged tells the gate that the credential may not have been looked at:
// forks without JMAP answer 404 to everybody, and a wrong password would count as
// a good one.
var errNotJudged = errors.New("the answer says nothing about the credential")

func (c *Conn) send(ctx context.Context, method, path string, body any, cred *Credential) (*reply, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	req, err := c.request(ctx, method, path, body, cred)
	if err != nil {
		return nil, err
	}
	name := method + " " + req.URL.Path
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, &UnreachableError{Address: c.Address(), What: dialProblem(err), Dial: noConnection(err)}
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return nil, &UnexpectedError{name, "a body that broke off"}
	}
	if len(text) > maxBody {
		return nil, &UnexpectedError{name, fmt.Sprintf("more than %d MiB", maxBody>>20)}
	}
	return &reply{name, resp.StatusCode, text, strings.Contains(resp.Header.Get("Content-Type"), "json"), resp.Header.Get("Location")}, nil
}

func (c *Conn) request(ctx context.Context, method, path string, body any, cred *Credential) (*http.Request, error) {
	var payload io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("encoding the request %s %s", method, path) // the cause may hold the value
		}
		payload = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.base.String(), "/")+path, payload)
	if err != nil {
		return nil, fmt.Errorf("building the request %s %s: %w", method, path, err)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "smtp-mirror")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	switch {
	case cred != nil && cred.APIKey == Gen016:
		req.Header.Set("Authorization", "Bearer "+cred.Password.Reveal())
	case cred != nil:
		req.SetBasicAuth(cred.User, cred.Password.Reveal())
	}
	return req, nil
}
