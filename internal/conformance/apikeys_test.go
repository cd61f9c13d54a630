package conformance

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/apikey"
	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/statesecret"
	"github.com/openova-io/smtp-mirror/watcher"
)

func apiKeys() []scenario {
	return []scenario{
		{name: "a key of our own does everything that the administrator does", run: keyDoesAll},
		{name: "a key of our own has no further rights", run: keyIsBounded},
		{name: "a revoked key costs one refusal and is minted anew", run: keyRevoked},
		{name: "a lost key is minted anew and leaves nothing behind", run: keyLost},
		{name: "a key is renewed without the administrator", run: keyRenewed},
	}
}

const keyLife = 1000 * time.Hour

// keyed is a submission whose controller works with a key of its own.
type keyed struct {
	*turning
	secret *stateSecret
	keeper *apikey.Keeper
	admin  redact.Secret
}

func newKeyed(t *testing.T, s *suite) *keyed {
	t.Helper()
	k := &keyed{turning: newTurning(t, s, false), secret: &stateSecret{}}
	user, password := s.Admin()
	k.admin = redact.New(password)
	ring := &apikey.Keyring{Bad: func() {}, Secret: func() (*corev1.Secret, error) { return k.secret.stored, nil },
		Admin: func() (stalwart.Credential, error) { return stalwart.Credential{User: user, Password: k.admin}, nil }}
	fleet, err := stalwart.NewFleet(stalwart.Options{URL: s.tap.URL, Gate: stalwart.NewGate(), Credential: ring.Credential, Refused: ring.Refuse})
	must(t, err)
	t.Cleanup(fleet.CloseAll)
	k.keeper = &apikey.Keeper{Store: &statesecret.Store{Secrets: k.secret, Name: "key", Key: apikey.KeyDocument}, Login: stalwart.Login{User: "smtp-mirror", Domain: mainDomain},
		Desired: apikey.Desired{Powers: stalwart.Powers{AppPasswords: true, Bounces: true, Listeners: true, Webhooks: true, AllowedIPs: true}, Every: keyLife, Patience: time.Minute},
		Fleet:   fleet, Ring: ring, AdminSecret: func() (*corev1.Secret, error) { return nil, nil }}
	k.fleet, k.relay.Fleet = fleet, fleet
	t.Cleanup(func() { k.clear(t) })
	return k
}

// clear ends every key: the scenarios share a server.
func (k *keyed) clear(t *testing.T) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	user, password := k.Admin()
	directory, err := k.fleet.As(func() (stalwart.Credential, error) {
		return stalwart.Credential{User: user, Password: redact.New(password)}, nil
	}).Detect(ctx)
	must(t, err)
	all, err := directory.APIKeys(ctx, k.keeper.Login)
	must(t, err)
	for _, key := range all {
		must(t, directory.DestroyAPIKey(ctx, k.keeper.Login, key))
	}
}

// keep runs the keeper.
func (k *keyed) keep(t *testing.T) watcher.Result {
	t.Helper()
	result, err := k.keeper.Reconcile(t.Context())
	must(t, err)
	return result
}

// keys are the names of our keys on the server.
func (k *keyed) keys(t *testing.T) []string {
	t.Helper()
	all, err := k.directory(t).APIKeys(t.Context(), k.keeper.Login)
	must(t, err)
	var names []string
	for _, key := range all {
		names = append(names, key.Name)
	}
	slices.Sort(names)
	return names
}

func (k *keyed) kept(t *testing.T) *apikey.Kept {
	t.Helper()
	kept, err := apikey.Decode(k.secret.stored.Data[apikey.KeyDocument])
	must(t, err)
	return kept
}

func keyDoesAll(t *testing.T, s *suite) {
	k := newKeyed(t, s)
	k.keep(t)
	k.admin = redact.New("the administrator's password has changed")
	k.wish.SendAs, k.wish.ReceiveBounces = []string{"alerts-" + k.user()}, true
	first := k.turn(t) // the account is made, granted, proven
	k.rotate("another Correct Horse Battery 77")
	k.turn(t)
	k.accepts(t, smtpprobe.Accepted, first)
	k.settle(t)
	d := k.directory(t)
	listedKeys(t, d, mainDomain)
	must(t, d.Reload(t.Context()))
	_, err := d.Owner(t.Context(), k.user())
	must(t, err)
	if s.Generation() == stalwart.Gen016 {
		must(t, d.AllowIP(t.Context(), "10.77.0.0/16"))
		_, err = d.Survey(t.Context(), stalwart.Scope{Login: k.login(), Settings: true, AllowedIPs: true, Webhooks: true})
		must(t, err)
	}
	result, err := k.keeper.Reconcile(t.Context())
	if len(result.Changes) > 0 || watcher.ReasonOf(err) != apikey.ReasonAdminNotAccepted {
		t.Errorf("the keeper is not at rest: %v, %+v", err, result.Changes)
	}
}

func keyIsBounded(t *testing.T, s *suite) {
	k := newKeyed(t, s)
	k.keeper.Desired.Powers = stalwart.Powers{}
	k.keep(t)
	k.turn(t)
	var forbidden *stalwart.ForbiddenError
	if s.Generation() == stalwart.Gen016 {
		if err := k.directory(t).AllowIP(t.Context(), "10.78.0.0/16"); !errors.As(err, &forbidden) {
			t.Errorf("exempting an address: %v", err)
		}
		return
	}
	if seen, err := k.directory(t).Survey(t.Context(), stalwart.Scope{Login: k.login(), Settings: true}); err != nil || !seen.Hidden {
		t.Errorf("reading the settings: %v, %+v", err, seen)
	}
}

func keyRevoked(t *testing.T, s *suite) {
	k := newKeyed(t, s)
	k.keep(t)
	k.turn(t)
	old := k.kept(t)
	directory, err := k.fleet.As(k.keeper.Ring.Admin).Detect(t.Context())
	must(t, err)
	must(t, directory.DestroyAPIKey(t.Context(), k.keeper.Login, stalwart.APIKey{ID: old.ID, Name: old.Name}))
	k.turn(t) // as the administrator
	k.keep(t)
	if now := k.kept(t); now.Key.Equal(old.Key) {
		t.Error("the revoked key is still kept")
	}
	k.admin = redact.New("the administrator's password has changed")
	k.turn(t) // as the new key
}

func keyLost(t *testing.T, s *suite) {
	k := newKeyed(t, s)
	k.keep(t)
	k.secret.stored = nil
	k.keep(t)
	if names := k.keys(t); len(names) != 2 {
		t.Errorf("the keys are %q", names)
	}
	k.keeper.Desired.Patience = time.Nanosecond
	k.keep(t)
	if names := k.keys(t); len(names) != 1 || names[0] != k.kept(t).Name {
		t.Errorf("the keys are %q", names)
	}
}

func keyRenewed(t *testing.T, s *suite) {
	k := newKeyed(t, s)
	k.keep(t)
	k.admin = redact.New("the administrator's password has changed")
	old := k.kept(t)
	old.Created = old.Created.Add(-keyLife)
	k.secret.stored.Data[apikey.KeyDocument] = old.Encode()
	_, err := k.keeper.Reconcile(t.Context())
	if now := k.kept(t); now.Key.Equal(old.Key) || watcher.ReasonOf(err) != apikey.ReasonAdminNotAccepted {
		t.Errorf("not renewed: %v", err)
	}
	k.turn(t)
}
