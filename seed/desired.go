package seed

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/openova-io/smtp-mirror/stalwart"
)

// Wish is the file that says what a normal start shall find.
type Wish struct {
	Listeners []Listener `json:"listeners"`
	LogLevel  string     `json:"logLevel"`  // of the log on standard output; default "info"
	WebUI     bool       `json:"webUI"`     // the web interface is fetched from the Internet, and served
	Pyzor     bool       `json:"pyzor"`     // spam is looked up at a server in the Internet
	SpamRules bool       `json:"spamRules"` // rules of the spam filter are fetched
}

// Listener is a socket that must be there.
type Listener struct {
	Name        string   `json:"name"`
	Protocol    string   `json:"protocol"` // smtp, imap, http, ...
	ImplicitTLS bool     `json:"implicitTLS"`
	Bind        []string `json:"bind"` // "[::]:587"
}

// levels are those that Stalwart knows.
var levels = []string{"error", "warn", "info", "debug", "trace"} //nolint:gochecknoglobals // a constant list

// protocols are those of a listener.
var protocols = []string{"smtp", "lmtp", "imap", "pop3", "manageSieve", "http"} //nolint:gochecknoglobals // a constant list

// FieldError names a field of the file that is wrong.
type FieldError struct{ Field, Problem string }

func (e *FieldError) Error() string { return e.Field + ": " + e.Problem }

// Parse reads and checks the text of the file. A key that is not known is an error.
func Parse(text []byte) (Wish, error) {
	w := Wish{LogLevel: "info"}
	if err := yaml.UnmarshalStrict(text, &w); err != nil {
		return Wish{}, fmt.Errorf("reading what to seed: %w", err)
	}
	return w, w.check()
}

func (w Wish) check() error {
	if !slices.Contains(levels, w.LogLevel) {
		return &FieldError{"logLevel", "one of " + strings.Join(levels, ", ")}
	}
	if len(w.Listeners) == 0 {
		return &FieldError{"listeners", "none is named: Stalwart would choose them for itself, and not bind 587"}
	}
	seen := map[string]bool{}
	for i, l := range w.Listeners {
		field := fmt.Sprintf("listeners[%d]", i)
		switch {
		case l.Name == "" || seen[l.Name]:
			return &FieldError{field + ".name", "empty, or named twice"}
		case !slices.Contains(protocols, l.Protocol):
			return &FieldError{field + ".protocol", "one of " + strings.Join(protocols, ", ")}
		case len(l.Bind) == 0:
			return &FieldError{field + ".bind", "no address"}
		}
		seen[l.Name] = true
		for j, b := range l.Bind {
			if _, err := netip.ParseAddrPort(b); err != nil {
				return &FieldError{fmt.Sprintf("%s.bind[%d]", field, j), `not of the form "[::]:587"`}
			}
		}
	}
	return nil
}

func (l Listener) desired() stalwart.Listener {
	return stalwart.Listener{Name: l.Name, Protocol: l.Protocol, Implicit: l.ImplicitTLS, Binds: l.Bind}
}
