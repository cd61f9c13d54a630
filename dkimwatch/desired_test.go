package dkimwatch

import (
	"slices"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/dnsrecords"
	"github.com/openova-io/smtp-mirror/stalwart"
)

const (
	ed      = dnsrecords.Ed25519SHA256
	rsaType = dnsrecords.RSASHA256
)

func key(selector, algorithm, stage string, age time.Duration) stalwart.DKIMKey {
	return stalwart.DKIMKey{Selector: selector, Algorithm: algorithm, Stage: stage, PublicKey: "p-" + selector, CreatedAt: time.Unix(1e9, 0).Add(-age)}
}

// TestThePrimaryKey: the newest active Ed25519 key, else the newest active RSA
// key, else none; whatever the order in which Stalwart lists them.
func TestThePrimaryKey(t *testing.T) {
	rows := []struct {
		name string
		keys []stalwart.DKIMKey
		want string // selector, "" = none
	}{
		{"no key", nil, ""},
		{"one of each", []stalwart.DKIMKey{key("r", rsaType, "active", 0), key("e", ed, "active", time.Hour)}, "e"},
		{"two of Ed25519", []stalwart.DKIMKey{key("old", ed, "active", time.Hour), key("new", ed, "active", 0)}, "new"},
		{"only RSA", []stalwart.DKIMKey{key("old", rsaType, "active", time.Hour), key("new", rsaType, "active", 0)}, "new"},
		{"a newer one is pending", []stalwart.DKIMKey{key("active", ed, "active", time.Hour), key("pending", ed, "pending", 0)}, "active"},
		{"Ed25519 is retiring", []stalwart.DKIMKey{key("e", ed, "retiring", 0), key("r", rsaType, "active", 0)}, "r"},
		{"nothing is active", []stalwart.DKIMKey{key("a", ed, "pending", 0), key("b", ed, "retired", 0)}, ""},
		{"without times the selector decides", []stalwart.DKIMKey{{Selector: "202402e", Algorithm: ed, Stage: "active", PublicKey: "b"}, {Selector: "202401e", Algorithm: ed, Stage: "active", PublicKey: "a"}}, "202402e"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			for range 2 {
				d := Desire("example.test", row.keys, nil)
				got := ""
				if d.DKIM != nil {
					got = d.DKIM.Selector
				}
				if got != row.want {
					t.Errorf("%q, want %q", got, row.want)
				}
				slices.Reverse(row.keys)
			}
		})
	}
}

// TestTheListedKeys: active, pending and retiring ones, in that order; a mounted
// key that Stalwart does not hold is pending.
func TestTheListedKeys(t *testing.T) {
	keys := []stalwart.DKIMKey{key("d", ed, "retired", 0), key("c", ed, "retiring", 0), key("b", rsaType, "pending", 0), key("a", ed, "active", 0), key("x", ed, "unheard of", 0)}
	mounted := []MountedKey{{Selector: "a", Algorithm: ed, PublicKey: "another"}, {Selector: "same", Algorithm: ed, PublicKey: "p-a"}}
	var got []string
	for _, k := range Desire("example.test", keys, mounted).Keys {
		got = append(got, k.Stage+" "+k.Selector+" "+k.PublicKey)
	}
	want := []string{"active a p-a", "pending a another", "pending b p-b", "retiring c p-c"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if s := Strangers(keys, mounted); len(s) != 1 || s[0].PublicKey != "another" {
		t.Errorf("%+v", s)
	}
	if d := Desire("example.test", nil, mounted); d.DKIM != nil || len(d.Keys) != 2 {
		t.Error("a mounted key is no active key")
	}
}

// TestPending: only a young domain that makes its own keys and has not yet made
// both.
func TestPending(t *testing.T) {
	now := time.Unix(1e9, 0)
	young := stalwart.Domain{DKIMAutomatic: true, CreatedAt: now.Add(-time.Minute)}
	one := []stalwart.DKIMKey{key("a", ed, "active", 0)}
	rows := []struct {
		name string
		d    stalwart.Domain
		keys []stalwart.DKIMKey
		want bool
	}{
		{"young, none yet", young, nil, true},
		{"young, one yet", young, one, true},
		{"young, both", young, append(one, key("b", rsaType, "active", 0)), false},
		{"old", stalwart.Domain{DKIMAutomatic: true, CreatedAt: now.Add(-time.Hour)}, nil, false},
		{"by hand", stalwart.Domain{CreatedAt: now}, nil, false},
		{"0.15 tells no time", stalwart.Domain{}, nil, false},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if got := Pending(row.d, len(row.keys), now); got != row.want {
				t.Errorf("%t", got)
			}
		})
	}
}

// TestOverthrown: a lost volume makes other keys in the same place; a rotation keeps
// the old one beside the new one.
func TestOverthrown(t *testing.T) {
	key := func(selector, bytes, stage string) dnsrecords.Key {
		return dnsrecords.NewKey("example.test", selector, "ed25519-sha256", bytes, stage)
	}
	before := []dnsrecords.Key{key("a", "AAAA", StageActive), key("b", "BBBB", StageActive)}
	rows := []struct {
		name string
		now  []dnsrecords.Key
		want int
	}{
		{"the same", before, 0},
		{"nothing yet", nil, 0},
		{"a rotation", []dnsrecords.Key{key("c", "CCCC", StageActive), key("a", "AAAA", StageRetiring), key("b", "BBBB", StageRetiring)}, 0},
		{"the end of a rotation", []dnsrecords.Key{key("b", "BBBB", StageActive), key("c", "CCCC", StageActive)}, 0},
		{"the same selectors, other bytes", []dnsrecords.Key{key("a", "XXXX", StageActive), key("b", "YYYY", StageActive)}, 2},
		{"one of them", []dnsrecords.Key{key("a", "XXXX", StageActive), key("b", "BBBB", StageActive)}, 1},
		{"the first of the new ones", []dnsrecords.Key{key("a", "XXXX", StageActive)}, 2},
		{"other selectors, nothing left", []dnsrecords.Key{key("x", "XXXX", StageActive)}, 2},
	}
	for _, row := range rows {
		if got := Overthrown(before, row.now); len(got) != row.want {
			t.Errorf("%s: %q", row.name, got)
		}
	}
	if got := Overthrown([]dnsrecords.Key{key("dkim", "", StageActive), key("p", "PPPP", StagePending)}, before); len(got) > 0 {
		t.Errorf("what was never published counts: %q", got)
	}
}
