package seed

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/openova-io/smtp-mirror/stalwart"
)

// carry is what Stalwart makes of a write.
func carry(f stalwart.First, op Op) stalwart.First {
	switch op.Kind {
	case Bind:
		for i := range f.Listeners {
			if op.Listener.ID != "" && f.Listeners[i].ID == op.Listener.ID {
				f.Listeners[i].Binds = append(f.Listeners[i].Binds, op.Listener.Binds...)
				return f
			}
		}
		f.Listeners = append(f.Listeners, op.Listener)
	case LogToConsole:
		f.Console = true
	case SwitchWebUI:
		for i := range f.WebUIs {
			if f.WebUIs[i].ID == op.ID {
				f.WebUIs[i].Enabled = op.On
			}
		}
	case ReserveWebUI:
		f.WebUIs = append(f.WebUIs, stalwart.WebUI{ID: "reserved", Reserved: true})
	case ReleaseWebUI:
		var left []stalwart.WebUI
		for _, u := range f.WebUIs {
			if u.ID != op.ID {
				left = append(left, u)
			}
		}
		f.WebUIs = left
	case DisablePyzor:
		f.Pyzor = false
	case DisableSpamRules:
		f.SpamRules = false
	}
	return f
}

// TestPlanComesToRest: the plan after its own execution is empty, whatever was there, and
// nothing that was bound is taken away.
func TestPlanComesToRest(t *testing.T) {
	binds := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"[::]:25", "[::]:587", "127.0.0.1:587", "[::]:465", "0.0.0.0:8080", "broken"}), 0, 3, rapid.ID[string])
	listener := rapid.Custom(func(t *rapid.T) stalwart.Listener {
		name := rapid.SampledFrom([]string{"smtp", "submission", "http", "theirs"}).Draw(t, "name")
		return stalwart.Listener{ID: "id-" + name, Name: name, Protocol: rapid.SampledFrom([]string{"smtp", "http"}).Draw(t, "protocol"), Binds: binds.Draw(t, "binds")}
	})
	ui := rapid.Custom(func(t *rapid.T) stalwart.WebUI {
		return stalwart.WebUI{ID: rapid.StringMatching("[a-c]").Draw(t, "id"), Enabled: rapid.Bool().Draw(t, "on"), Reserved: rapid.Bool().Draw(t, "reserved")}
	})
	rapid.Check(t, func(t *rapid.T) {
		f := stalwart.First{Listeners: rapid.SliceOfNDistinct(listener, 0, 3, func(l stalwart.Listener) string { return l.Name }).Draw(t, "listeners"),
			WebUIs: rapid.SliceOfNDistinct(ui, 0, 2, func(u stalwart.WebUI) string { return u.ID }).Draw(t, "uis"), Console: rapid.Bool().Draw(t, "console"), Pyzor: rapid.Bool().Draw(t, "pyzor")}
		w := Wish{WebUI: rapid.Bool().Draw(t, "web"), Listeners: []Listener{
			{Name: "smtp", Protocol: "smtp", Bind: []string{"[::]:25"}}, {Name: "submission", Protocol: "smtp", Bind: []string{"[::]:587"}}, {Name: "http", Protocol: "http", Bind: []string{"[::]:8080"}}}}
		bound := 0
		for _, l := range f.Listeners {
			bound += len(l.Binds)
		}
		for _, op := range Plan(f, w) {
			if op.Kind == Bind {
				bound += len(op.Listener.Binds)
			}
			f = carry(f, op)
		}
		for _, l := range f.Listeners {
			bound -= len(l.Binds)
		}
		if left := Plan(f, w); len(left) > 0 || bound != 0 {
			t.Errorf("left %+v, %d addresses lost", left, bound)
		}
	})
}
