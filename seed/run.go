package seed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/stalwart"
)

// Variable is the environment variable with the administrator of recovery mode, as
// user:password. Stalwart reads it, and so do we.
const Variable = "STALWART_RECOVERY_ADMIN"

// Options of [Run].
type Options struct {
	Wish    Wish
	Command []string // of Stalwart, with its arguments
	Port    int      // of its HTTP listener in recovery mode
	Log     *slog.Logger
}

// Load reads and checks the file that says what to seed.
func Load(path string) (Wish, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the operator's choice
	if err != nil {
		return Wish{}, fmt.Errorf("reading what to seed: %w", err)
	}
	return Parse(text)
}

// Run starts Stalwart in recovery mode, makes its store what the wish says, and stops it.
// No error shows the administrator's password.
func Run(ctx context.Context, o Options) error {
	admin, err := administrator(os.Getenv(Variable))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c, err := start(ctx, o.Command, []string{"STALWART_RECOVERY_MODE=1", "STALWART_RECOVERY_MODE_PORT=" + strconv.Itoa(o.Port)})
	if err != nil {
		return err
	}
	err = o.fill(ctx, c, admin)
	if stopped := c.stop(); err == nil {
		err = stopped
	}
	return scrubbed(err, admin.Password)
}

// scrubbed takes the password out of what Stalwart may have said.
func scrubbed(err error, password redact.Secret) error {
	var ended *endedError
	if errors.As(err, &ended) {
		ended.output = redact.Scrub(ended.output, password)
	}
	return err
}

// administrator reads the variable: a name in lower case, because Stalwart compares it with
// a login that it has made so, and a password that it does not take for a hash.
func administrator(text string) (stalwart.Credential, error) {
	user, password, found := strings.Cut(text, ":")
	password = strings.TrimSpace(password)
	switch {
	case !found || user == "" || password == "":
		return stalwart.Credential{}, &FieldError{Variable, "user:password, and neither may be empty"}
	case user != strings.ToLower(user):
		return stalwart.Credential{}, &FieldError{Variable, "the user must be in lower case"}
	case strings.ContainsRune("$_{", rune(password[0])):
		return stalwart.Credential{}, &FieldError{Variable, "a password that begins with $, _ or { is taken for a hash, and never works"}
	}
	return stalwart.Credential{User: user, Password: redact.New(password)}, nil
}

// fill waits for Stalwart and writes.
func (o Options) fill(ctx context.Context, c *child, admin stalwart.Credential) error {
	conn, err := stalwart.NewConn(stalwart.Options{URL: "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(o.Port)), Gate: stalwart.NewGate(),
		Credential: func() (stalwart.Credential, error) { return admin, nil }})
	if err != nil {
		return err
	}
	defer conn.Close()
	server, err := await(ctx, conn, c)
	if err != nil {
		return err
	}
	return Apply(ctx, server, o.Wish, o.Log)
}

// pace of looking whether Stalwart answers.
const pace = 100 * time.Millisecond

// await waits until Stalwart answers in recovery mode.
func await(ctx context.Context, conn *stalwart.Conn, c *child) (*stalwart.RecoveryServer, error) {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		server, err := conn.InRecovery(ctx)
		var unreachable *stalwart.UnreachableError
		if err == nil || !errors.As(err, &unreachable) {
			return server, explained(err)
		}
		select {
		case <-c.done:
			return nil, c.ended()
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for Stalwart in recovery mode: %w (%w)", ctx.Err(), err)
		case <-tick.C:
		}
	}
}

// explained says what a wrong mode means here.
func explained(err error) error {
	var mode *stalwart.ModeError
	if errors.As(err, &mode) && mode.Mode == stalwart.Bootstrap {
		return &FieldError{"the command", "Stalwart has found no config.json where it looks for it: mount it, and name it with --config"}
	}
	return err
}
