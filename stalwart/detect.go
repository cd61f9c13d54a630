package stalwart

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// Detect finds out which generation listens, by behaviour and without a
// credential: GET /api/principal is 404 on 0.16, which has removed the whole REST
// API, and 401 on 0.15, which answers 401 to every path under /api. It is cheap
// enough to ask before every run, so nothing is believed across an upgrade: what was
// a 0.16 a moment ago is asked for its mode only, and for all again after any
// answer that a 0.16 does not give.
func (c *Conn) Detect(ctx context.Context) (Directory, error) {
	if c.memory.likely016() {
		if directory, err := c.detect016(ctx); err == nil {
			return directory, nil
		}
	}
	directory, err := c.detect(ctx)
	c.memory.detected(err == nil && directory.Generation() == Gen016)
	return directory, err
}

func (c *Conn) detect(ctx context.Context) (Directory, error) {
	got, err := c.anonymous(ctx, http.MethodGet, "/api/principal")
	if err != nil {
		return nil, err
	}
	switch got.status {
	case http.StatusNotFound:
		return c.detect016(ctx)
	case http.StatusUnauthorized:
		return &rest{c}, nil
	}
	if err := got.failure(); err != nil {
		return nil, err
	}
	return nil, &UnexpectedError{got.request, fmt.Sprintf("status %d, which neither generation of Stalwart gives", got.status)}
}

// detect016 makes sure that it is a Stalwart in normal mode. The session of a
// server in recovery or bootstrap mode has a relative apiUrl.
func (c *Conn) detect016(ctx context.Context) (Directory, error) {
	got, err := c.anonymous(ctx, http.MethodGet, "/jmap/session")
	if err != nil {
		return nil, err
	}
	if err := got.failure(); err != nil {
		return nil, err
	}
	var session struct {
		APIURL string `json:"apiUrl"`
	}
	if err := got.decode(&session); err != nil {
		return nil, err
	}
	switch {
	case session.APIURL == "":
		return nil, &UnexpectedError{got.request, "no JMAP session"}
	case session.APIURL[0] == '/':
		return nil, c.unusualMode(ctx)
	}
	return &jmap{c}, nil
}

// unusualMode names the mode: in bootstrap mode the administrator has exactly
// the two permissions of x:Bootstrap.
func (c *Conn) unusualMode(ctx context.Context) error {
	got, err := c.call(ctx, http.MethodGet, "/api/account", nil)
	var rejected *RejectedError
	if errors.As(err, &rejected) {
		return &ModeError{Bootstrap} // it has no data, so it knows no account; in recovery mode it does
	}
	if err != nil {
		return err
	}
	var account struct{ Permissions []string }
	if err := got.decode(&account); err != nil {
		return err
	}
	if len(account.Permissions) == 2 {
		return &ModeError{Bootstrap}
	}
	return &ModeError{Recovery}
}

// BootID is a value that changes with every start of a 0.16 process (the state
// of its session, seeded at random), and from caller to caller. It never changes on
// 0.15, and is empty where there is no session.
func (c *Conn) BootID(ctx context.Context) (id, caller string, err error) {
	cred, err := c.credential()
	if err != nil {
		return "", "", err
	}
	if cred.APIKey == Gen015 { // such keys are good for /api only
		_, err := c.call(ctx, http.MethodGet, "/api/principal?types=domain&limit=1", nil)
		return "", cred.User, err
	}
	got, err := c.call(ctx, http.MethodGet, "/jmap/session", nil)
	if err != nil || got.status != http.StatusOK {
		return "", cred.User, err
	}
	var session struct{ State string }
	err = got.decode(&session)
	return session.State, cred.User, err
}

// Check sends one cheap request with a credential, through the gate: nil says that
// it is accepted.
func (c *Conn) Check(ctx context.Context, cred Credential) error {
	path := "/jmap/session"
	directory, err := c.Detect(ctx)
	if err != nil {
		return err
	}
	if directory.Generation() == Gen015 { // whose keys are good for /api only
		path = "/api/principal?types=domain&limit=1"
	}
	_, err = c.callAs(ctx, cred, http.MethodGet, path, nil)
	return err
}

// As is the same connection with another credential.
func (c *Conn) As(credential func() (Credential, error)) *Conn {
	as := *c
	as.credential, as.refused = credential, nil
	return &as
}
