package apikey

import (
	"slices"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/stalwart"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func kept(change func(k *Kept)) *Kept {
	k := &Kept{Generation: stalwart.Gen016, ID: "c", Name: namePrefix + "2", Key: redact.New("canary-of-a-key"), Created: noon}
	if change != nil {
		change(k)
	}
	return k
}

func listed(known time.Duration, ids ...string) []Listed {
	var all []Listed
	for i, id := range ids {
		all = append(all, Listed{stalwart.APIKey{ID: id, Name: namePrefix + string(rune('1'+i))}, known})
	}
	return all
}

func TestDecide(t *testing.T) {
	const every = 100 * time.Hour
	rows := []struct {
		name   string
		o      Observed
		d      Desired
		at     time.Duration
		action Action
		which  string // name that is minted, or ID that is destroyed
	}{
		{"nothing yet", Observed{Generation: stalwart.Gen016}, Desired{}, 0, Mint, namePrefix + "1"},
		{"a name that is free", Observed{Generation: stalwart.Gen016, Listed: listed(0, "a", "b", "c")}, Desired{}, 0, Mint, namePrefix + "4"},
		{"all is well", Observed{Generation: stalwart.Gen016, Kept: kept(nil), Listed: listed(time.Hour, "c")}, Desired{}, 0, Keep, ""},
		{"another generation of Stalwart", Observed{Generation: stalwart.Gen015, Kept: kept(nil)}, Desired{}, 0, Mint, namePrefix + "3"},
		{"it is refused", Observed{Generation: stalwart.Gen016, Kept: kept(nil), Refused: true, Listed: listed(time.Hour, "c")}, Desired{}, 0, Mint, namePrefix + "3"},
		{"more rights", Observed{Generation: stalwart.Gen016, Kept: kept(nil)}, Desired{Powers: stalwart.Powers{Webhooks: true}}, 0, Mint, namePrefix + "3"},
		{"other addresses", Observed{Generation: stalwart.Gen016, Kept: kept(nil)}, Desired{AllowedIPs: []string{"10.0.0.0/8"}}, 0, Mint, namePrefix + "3"},
		{"0.15 knows no addresses", Observed{Generation: stalwart.Gen015, Kept: kept(func(k *Kept) { k.Generation = stalwart.Gen015 })}, Desired{AllowedIPs: []string{"10.0.0.0/8"}}, 0, Keep, ""},
		{"young enough", Observed{Generation: stalwart.Gen016, Kept: kept(nil)}, Desired{}, 89 * time.Hour, Keep, ""},
		{"of age", Observed{Generation: stalwart.Gen016, Kept: kept(nil)}, Desired{}, every, Renew, namePrefix + "3"},
		{"a leftover", Observed{Generation: stalwart.Gen016, Kept: kept(nil), Listed: listed(time.Minute, "b", "c")}, Desired{}, 0, Destroy, "b"},
		{"somebody may just be storing it", Observed{Generation: stalwart.Gen016, Kept: kept(nil), Listed: listed(time.Second, "b", "c")}, Desired{}, 0, Keep, ""},
		{"leftovers take all the room", Observed{Generation: stalwart.Gen016, Listed: listed(0, "a", "b", "d", "e", "f")}, Desired{}, 0, Destroy, "a"},
		{"the refused one takes the last room", Observed{Generation: stalwart.Gen016, Kept: kept(nil), Refused: true, Listed: listed(0, "c", "a", "b", "d", "e")}, Desired{}, 0, Destroy, "c"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			row.d.Every, row.d.Patience = every, 35*time.Second
			step := Decide(row.o, row.d, noon.Add(row.at))
			if which := step.Name; step.Action != row.action || step.Action == Destroy && step.Key.ID != row.which || (step.Action == Mint || step.Action == Renew) && which != row.which {
				t.Errorf("%+v", step)
			}
			if step.Action == Keep && (step.Wait <= 0 || step.Wait > every) {
				t.Errorf("it waits %s", step.Wait)
			}
		})
	}
}

// TestTheKeyInUseIsNeverDestroyed, whatever else is there.
func TestTheKeyInUseIsNeverDestroyed(t *testing.T) {
	for n := range 8 {
		ids := []string{"a", "b", "c", "d", "e", "f", "g", "h"}[:n]
		o := Observed{Generation: stalwart.Gen016, Kept: kept(nil), Listed: listed(time.Hour, ids...)}
		for range 10 {
			step := Decide(o, Desired{Every: time.Hour}, noon)
			if step.Action != Destroy {
				break
			}
			if step.Key.ID == o.Kept.ID {
				t.Fatalf("of %q the one in use is destroyed", ids)
			}
			o.Listed = slices.DeleteFunc(o.Listed, func(l Listed) bool { return l.ID == step.Key.ID })
		}
		if len(o.Listed) > 1 {
			t.Errorf("%d are left", len(o.Listed))
		}
	}
}
