package stalwart

import (
	"context"
	"errors"
)

// RecoveryServer is a 0.16 in recovery mode (STALWART_RECOVERY_MODE=1): everything that it
// stores can be read and written, no mail is taken, no task runs and nothing is fetched.
// What is stored there is what the next normal start finds.
type RecoveryServer struct{ jmap }

// First is what a normal start would find of that which decides how it starts.
type First struct {
	Listeners []Listener
	Console   bool // the log goes to standard output
	WebUIs    []WebUI
	Pyzor     bool // spam is looked up at a server in the Internet
	SpamRules bool // they are fetched from the Internet
}

// WebUI is a web interface, which is fetched before the first port opens.
type WebUI struct {
	ID       string
	Enabled  bool
	Reserved bool // it is none: [RecoveryServer.ReserveWebUI] has made it
}

// nowhere is where a web interface that is none would be fetched from.
const nowhere = "file:///dev/null"

// InRecovery makes sure that the server runs in recovery mode. Any other is an error, a
// [ModeError] where it can be named.
func (c *Conn) InRecovery(ctx context.Context) (*RecoveryServer, error) {
	_, err := c.detect(ctx)
	var mode *ModeError
	switch {
	case errors.As(err, &mode) && mode.Mode == Recovery:
		return &RecoveryServer{jmap{c}}, nil
	case err == nil:
		return nil, &ModeError{Normal}
	}
	return nil, err
}

// First reads it, in one request.
func (r *RecoveryServer) First(ctx context.Context) (First, error) {
	all, err := r.request(ctx, getting("NetworkListener", nil), getting("Tracer", nil), getting("Application", nil),
		getting("SpamPyzor", []string{singleton}), getting("SpamSettings", []string{singleton}))
	if err != nil {
		return First{}, err
	}
	var f First
	if f.Listeners, err = all.listeners(); err != nil {
		return f, err
	}
	var tracers []struct {
		Type   string `json:"@type"`
		Enable bool   `json:"enable"`
	}
	var applications []struct {
		ID      string `json:"id"`
		Enabled bool   `json:"enabled"`
		From    string `json:"resourceUrl"`
	}
	var pyzor []struct{ Enable bool }
	var spam []struct {
		Rules *string `json:"spamFilterRulesUrl"`
	}
	err = errors.Join(all.list("Tracer", &tracers), all.list("Application", &applications), all.list("SpamPyzor", &pyzor), all.list("SpamSettings", &spam))
	if err != nil {
		return f, err
	}
	for _, t := range tracers {
		f.Console = f.Console || t.Type == "Stdout" && t.Enable
	}
	for _, a := range applications {
		f.WebUIs = append(f.WebUIs, WebUI{a.ID, a.Enabled, a.From == nowhere})
	}
	f.Pyzor = len(pyzor) > 0 && pyzor[0].Enable
	f.SpamRules = len(spam) > 0 && spam[0].Rules != nil && *spam[0].Rules != ""
	return f, nil
}

// LogToConsole sends the log to standard output, one line an event. A second log of this
// kind would be an error at every start, so there must be none yet.
func (r *RecoveryServer) LogToConsole(ctx context.Context, level string) error {
	e, err := r.create(ctx, "Tracer", obj{"@type": "Stdout", "ansi": false, "buffered": false, "level": level})
	if err != nil {
		return err
	}
	return refused("sending the log to standard output", e)
}

// SwitchWebUI switches a web interface on or off.
func (r *RecoveryServer) SwitchWebUI(ctx context.Context, id string, on bool) error {
	return r.change(ctx, "Application", id, obj{"enabled": on}, "switching the web interface "+id)
}

// ReserveWebUI makes a web interface that is off: a start that finds none makes the
// usual one, and fetches it (before 0.16.16 there is none in recovery mode).
func (r *RecoveryServer) ReserveWebUI(ctx context.Context) error {
	e, err := r.create(ctx, "Application", obj{"description": "disabled", "enabled": false, "resourceUrl": nowhere, "urlPrefix": obj{"/admin": true}})
	if err != nil {
		return err
	}
	return refused("making a web interface that is off", e)
}

// ReleaseWebUI takes away what ReserveWebUI has made.
func (r *RecoveryServer) ReleaseWebUI(ctx context.Context, id string) error {
	return r.destroy(ctx, "Application", id, obj{})
}

// DisablePyzor keeps spam from being looked up in the Internet: a name that does not
// resolve fails every reload of the settings.
func (r *RecoveryServer) DisablePyzor(ctx context.Context) error {
	return r.change(ctx, "SpamPyzor", singleton, obj{"enable": false}, "switching Pyzor off")
}

// DisableSpamRules keeps the rules of the spam filter from being fetched.
func (r *RecoveryServer) DisableSpamRules(ctx context.Context) error {
	return r.change(ctx, "SpamSettings", singleton, obj{"spamFilterRulesUrl": nil}, "switching off the updates of spam rules")
}

// change updates an object; what says what for.
func (r *RecoveryServer) change(ctx context.Context, object, id string, patch obj, what string) error {
	e, err := r.update(ctx, object, id, patch)
	if err != nil {
		return err
	}
	return refused(what, e)
}
