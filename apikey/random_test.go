package apikey

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/stalwart"
)

// keys is an account with its keys, and what is kept of them.
type keys struct {
	*rapid.T
	o      Observed
	now    time.Time
	minted int
}

// act takes the next step; a crash comes between minting and keeping.
func (k *keys) act(crash bool) Action {
	o := &k.o
	step := Decide(*o, Desired{Every: 100 * time.Hour, Patience: 35 * time.Second}, k.now)
	switch step.Action {
	case Keep:
	case Destroy:
		if o.Kept != nil && !o.Refused && step.Key.ID == o.Kept.ID {
			k.Fatalf("%s is in use", step.Key.Name)
		}
		o.Listed = slices.DeleteFunc(o.Listed, func(l Listed) bool { return l.ID == step.Key.ID })
	case Mint, Renew:
		if slices.ContainsFunc(o.Listed, func(l Listed) bool { return l.Name == step.Name }) {
			k.Fatalf("%s is there already", step.Name)
		}
		k.minted++
		made := stalwart.APIKey{ID: fmt.Sprint(k.minted), Name: step.Name}
		o.Listed = append(o.Listed, Listed{made, 0})
		if !crash {
			o.Kept, o.Refused = &Kept{Generation: o.Generation, ID: made.ID, Name: made.Name, Key: redact.New("k"), Created: k.now}, false
		}
	}
	if len(o.Listed) > quota {
		k.Fatalf("%d keys", len(o.Listed))
	}
	return step.Action
}

func (k *keys) wait(d time.Duration) {
	k.now = k.now.Add(d)
	for i := range k.o.Listed {
		k.o.Listed[i].Known += d
	}
}

// rest acts until nothing is to do.
func (k *keys) rest() {
	for range 4 * quota {
		if k.act(false) == Keep {
			return
		}
	}
	k.Fatal("no end")
}

// TestKeysConverge: crashes between minting and keeping, refusals, losses and time
// in any order. The key in use is never destroyed, there are never more than the
// quota, and in the end there is one.
func TestKeysConverge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := &keys{T: t, o: Observed{Generation: stalwart.Gen016}, now: noon}
		for _, what := range rapid.SliceOfN(rapid.SampledFrom([]string{"step", "crash", "refuse", "lose", "wait", "wait long"}), 0, 60).Draw(t, "events") {
			switch what {
			case "refuse":
				k.o.Refused = k.o.Kept != nil
			case "lose":
				k.o.Kept, k.o.Refused = nil, false
			case "wait":
				k.wait(time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "by")))
			case "wait long":
				k.wait(time.Duration(rapid.Int64Range(0, int64(100*time.Hour)).Draw(t, "by")))
			default:
				k.act(what == "crash")
			}
		}
		k.rest()
		k.wait(time.Hour) // for those that somebody may just be keeping
		k.rest()
		k.wait(time.Minute)
		if k.rest(); len(k.o.Listed) != 1 || k.o.Kept == nil || k.o.Listed[0].ID != k.o.Kept.ID {
			t.Fatalf("%d keys in the end", len(k.o.Listed))
		}
	})
}

// FuzzDecode never panics, never quotes, and reads what it has read again.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(kept(nil).Encode())
	f.Add([]byte(`{"key":"canary-of-a-key","name":1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		k, err := Decode(text)
		if err != nil && len(text) > 12 && bytes.Contains([]byte(err.Error()), text) {
			t.Error("the error quotes the Secret")
		}
		if err != nil || k == nil {
			return
		}
		again, err := Decode(k.Encode())
		if err != nil || !bytes.Equal(again.Encode(), k.Encode()) {
			t.Errorf("read again: %v", err)
		}
	})
}
