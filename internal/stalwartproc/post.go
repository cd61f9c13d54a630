package stalwartproc

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// errRefused says that the management API did not do what it was asked.
var errRefused = errors.New("refused by the server")

type login struct{ user, password string }

// variable is the environment variable that makes generation 0.16 accept the
// login; the other generation ignores it.
func (l login) variable() string { return "STALWART_RECOVERY_ADMIN=" + l.user + ":" + l.password }

func (s *Server) login() login { return login{s.options.AdminUser, s.options.AdminPassword} }

// newLogin makes a password that is used for one start and known to nobody
// else.
func newLogin(user string) login { return login{user, rand.Text()} }

// post sends JSON as an administrator. Errors tell the status only, as a
// server may repeat in its answer what it was sent.
func post(ctx context.Context, client *http.Client, url string, who login, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make a request: %w", err)
	}
	request.SetBasicAuth(who.user, who.password)
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("send a request: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("read an answer: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: status %s", errRefused, response.Status)
	}
	return answer, nil
}
