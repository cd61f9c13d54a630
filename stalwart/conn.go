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
}

// Conn is one address of Stalwart's HTTP listener. It is safe for concurrent
// use.
type Conn struct {
	base       *url.URL
	http       *http.Client
	gate       *Gate
	credential func() (Credential, error)
}

// Options make a [Conn].
type Options struct {
	URL        string                         // "http://host:8080", the base of every path
	Roots      func() (*x509.CertPool, error) // read before every TLS handshake: it may be a mounted file; nil = the system's
	ServerName string                         // of the certificate, where it is not the host of URL
	Gate       *Gate
	Credential func() (Credential, error) // asked before every request: it may rotate
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
	return &Conn{base: base, gate: o.Gate, credential: o.Credential, http: &http.Client{
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

// reply is an answer whose body was read within bounds.
type reply struct {
	request string
	status  int
	body    []byte
	json    bool

	location string // of a redirect, which is never followed
}

// decode parses the body; a failure does not show it.
func (r *reply) decode(into any) error {
	if !r.json {
		return &UnexpectedError{r.request, "something that is not JSON"}
	}
	if json.Unmarshal(r.body, into) != nil {
		return &UnexpectedError{r.request, "JSON that is truncated or of another shape"}
	}
	return nil
}

// anonymous sends a request without a credential: it can never count as a
// failed login.
func (c *Conn) anonymous(ctx context.Context, method, path string) (*reply, error) {
	return c.send(ctx, method, path, nil, nil)
}

// call sends a request as the administrator, through the gate.
func (c *Conn) call(ctx context.Context, method, path string, body any) (*reply, error) {
	cred, err := c.credential()
	if err != nil {
		return nil, err
	}
	var got *reply
	err = c.gate.Do(ctx, cred, func() (bool, error) {
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
	if cred != nil {
		req.SetBasicAuth(cred.User, cred.Password.Reveal())
	}
	return req, nil
}

// failure classifies a status that no endpoint of either generation gives for a
// success. 404 is left to the caller: it may just mean "absent".
func (r *reply) failure() error {
	switch {
	case r.status == http.StatusTooManyRequests:
		return r.limited()
	case r.status == http.StatusForbidden:
		return &ForbiddenError{r.request}
	case r.status >= 300 && r.status < 400:
		return &UnexpectedError{r.request, fmt.Sprintf("a redirect (%d)", r.status)}
	case r.status >= 500:
		return &UnexpectedError{r.request, fmt.Sprintf("status %d", r.status)}
	case r.status == http.StatusBadRequest:
		return &UnexpectedError{r.request, "status 400: it cannot read our request"}
	}
	return nil
}

// limited tells a ban from a rate limit: both are 429, with another title.
func (r *reply) limited() error {
	var problem struct{ Title string }
	_ = json.Unmarshal(r.body, &problem)
	if problem.Title == "Too Many Authentication Attempts" {
		return &BannedError{}
	}
	return &BusyError{"too many requests"}
}
