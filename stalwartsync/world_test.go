package stalwartsync

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/submission"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const canary = "canary-of-the-relay-tests"

// dice make small worlds, so that things meet.
type dice struct{ *rand.Rand }

func roll(seed uint64) dice { return dice{rand.New(rand.NewPCG(seed, 2))} } //nolint:gosec // reproducible, not secret

func (d dice) one() bool { return d.IntN(2) == 0 }

func pick[T any](d dice, all ...T) T { return all[d.IntN(len(all))] }

// some takes each with even odds.
func some[T any](d dice, all ...T) []T {
	return slices.DeleteFunc(slices.Clone(all), func(T) bool { return d.one() })
}

func (d dice) generation() stalwart.Generation { return pick(d, stalwart.Gen015, stalwart.Gen016) }

func (d dice) desired(t *testing.T, g stalwart.Generation) Desired {
	t.Helper()
	c := submission.Credentials{Host: "mail.example.test", Port: pick[uint16](d, 587, 465), From: "noreply@example.test", User: pick(d, "noreply", "noreply@example.test"), Password: redact.New(canary)}
	w := Wish{Domain: "example.test", SendAs: some(d, "Alerts@example.test", "x@other.test", "noreply@example.test"), ReceiveBounces: d.one(), ListenerManage: d.one(),
		ListenerName: "submission", ListenerBind: pick(d, "", "0.0.0.0:587"), AllowedIPs: some(d, "10.0.0.0/8", "192.0.2.1")}
	if d.one() {
		w.Webhook = &stalwart.Webhook{URL: "http://us.test/webhook", Key: redact.New(canary)}
	}
	got, err := Desire(c, w, g)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func (d dice) observed(g stalwart.Generation) Observed {
	o := Observed{Generation: g, Hidden: g == stalwart.Gen015 && d.one(), AllowedIPs: some(d, "10.0.0.0/8", "172.16.0.0/12"), Webhooks: d.webhooks()}
	if d.one() {
		o.Domain = &stalwart.Domain{ID: "d", Name: "example.test"}
	}
	o.Defaults = stalwart.Defaults{Hostname: pick(d, "", "mail.example.test", "mx.other.test"), Domain: pick(d, "", "example.test", "other.test")}
	for i := range d.IntN(4) {
		o.Listeners = append(o.Listeners, stalwart.Listener{ID: strconv.Itoa(i), Name: pick(d, "submission", "smtp", "x"), Protocol: pick(d, "smtp", "imap"), Binds: some(d, "[::]:587", "[::]:25", "127.0.0.1:465", "no address")})
	}
	if d.one() {
		all := []stalwart.Permission{stalwart.Authenticate, stalwart.SendMail, stalwart.ReceiveMail}
		o.Account = &stalwart.Account{ID: "a", Addresses: some(d, "noreply@example.test", "alerts@example.test", "@other.test", "z@example.test"), Missing: some(d, all...), Denied: some(d, some(d, all...)...)}
	}
	return o
}

func (d dice) webhooks() []stalwart.WebhookEntry {
	key := stalwart.Webhook{Key: redact.New(canary)}.KeyID()
	return some(d, stalwart.WebhookEntry{ID: "1", URL: "http://us.test/webhook", KeyID: pick(d, "", "old", key)}, stalwart.WebhookEntry{ID: "2", URL: "http://them.test/", KeyID: "theirs"})
}

func (d dice) belief() Belief {
	return Belief{d.one(), d.one(), d.one(), d.one(), d.one(), d.one()}
}

// execute does to a world what Stalwart does with the operations.
func execute(o Observed, d Desired, ops []Op) Observed {
	for _, op := range ops {
		switch op.Kind {
		case CreateDomain:
			o.Domain = &stalwart.Domain{Name: d.Domain}
		case SetDefaults:
			o.Defaults.Hostname += op.Defaults.Hostname // only what is empty is set
			o.Defaults.Domain += op.Defaults.Domain
		case BindListener:
			o.Listeners = bound(o.Listeners, op.Listener)
		case CreateAccount:
			o.Account = created(o.Generation, d)
		case GrantAddress, GrantPermissions:
			a := *o.Account
			if op.Address != "" {
				a.Addresses = append(slices.Clone(a.Addresses), op.Address)
			}
			a.Missing = slices.DeleteFunc(slices.Clone(a.Missing), func(p stalwart.Permission) bool { return slices.Contains(op.Permissions, p) })
			o.Account = &a
		case AllowIP:
			o.AllowedIPs = append(slices.Clone(o.AllowedIPs), op.Address)
		case AddWebhook:
			o.Webhooks = append(slices.Clone(o.Webhooks), stalwart.WebhookEntry{URL: d.Webhook.URL, KeyID: d.Webhook.KeyID()})
		case RekeyWebhook:
			o.Webhooks = slices.Clone(o.Webhooks)
			o.Webhooks[slices.IndexFunc(o.Webhooks, func(e stalwart.WebhookEntry) bool { return e.ID == op.ID })].KeyID = d.Webhook.KeyID()
		case SetPassword, DropCaches: // cannot be read back
		}
	}
	return o
}

// created is a new account: on 0.16 with its own address, on 0.15 with none
// unless its name is one.
func created(g stalwart.Generation, d Desired) *stalwart.Account {
	local, _, isAddress := strings.Cut(d.Login.User, "@")
	a := &stalwart.Account{ID: "new"}
	if g == stalwart.Gen016 || isAddress {
		a.Addresses = []string{local + "@" + d.Domain}
	}
	return a
}

func bound(all []stalwart.Listener, l stalwart.Listener) []stalwart.Listener {
	all = slices.Clone(all)
	for i := range all {
		if l.ID != "" && all[i].ID == l.ID {
			all[i].Binds = append(slices.Clone(all[i].Binds), l.Binds...)
			return all
		}
	}
	l.ID = "new"
	return append(all, l)
}

// worlds runs a law in many of them.
func worlds(t *testing.T, law func(t *testing.T, d dice)) {
	t.Helper()
	for seed := range uint64(5000) {
		law(t, roll(seed))
		if t.Failed() {
			t.Fatalf("in world %d", seed)
		}
	}
}

// show prints a plan; it holds no secret by its own promise, which is a law.
func show(ops []Op) string { return fmt.Sprint(ops) }

func hold(t *testing.T, got *Trouble, reason string) {
	t.Helper()
	switch {
	case got == nil && reason != "":
		t.Errorf("no trouble, want %s", reason)
	case got != nil && (got.Reason != reason || got.Message == "" || got.Wait <= 0 || got.Wait > 5*time.Minute):
		t.Errorf("%+v, want %s", got, reason)
	}
}

// says reports whether the text of an error holds a part of it: what people are
// told is part of what is tested.
func says(err error, part string) bool { return err != nil && strings.Contains(fmt.Sprint(err), part) }
