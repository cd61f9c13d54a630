package seed

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/openova-io/smtp-mirror/stalwart"
)

// Kind is what a write does.
type Kind string

// The writes.
const (
	Bind             Kind = "Bind"
	LogToConsole     Kind = "LogToConsole"
	SwitchWebUI      Kind = "SwitchWebUI"
	ReserveWebUI     Kind = "ReserveWebUI"
	ReleaseWebUI     Kind = "ReleaseWebUI"
	DisablePyzor     Kind = "DisablePyzor"
	DisableSpamRules Kind = "DisableSpamRules"
)

// Op is one write.
type Op struct {
	Kind     Kind
	Listener stalwart.Listener
	ID       string // of a web interface
	On       bool
}

// Plan lists the writes that turn what a normal start would find into what it shall find.
// It takes no listener away, and changes none of somebody else; what is
// fetched from the Internet goes by the file. The plan after its own execution is empty.
func Plan(f stalwart.First, w Wish) []Op {
	var ops []Op
	for _, l := range w.Listeners {
		if missing := unbound(f.Listeners, l); len(missing) > 0 {
			ops = append(ops, Op{Kind: Bind, Listener: missing[0]})
		}
	}
	if !f.Console {
		ops = append(ops, Op{Kind: LogToConsole})
	}
	ops = append(ops, planWebUI(f.WebUIs, w.WebUI)...)
	if f.Pyzor && !w.Pyzor {
		ops = append(ops, Op{Kind: DisablePyzor})
	}
	if f.SpamRules && !w.SpamRules {
		ops = append(ops, Op{Kind: DisableSpamRules})
	}
	return ops
}

// unbound is what is to be written for a listener: nothing where its ports are bound with
// its protocol, by whatever name; else its missing addresses, under its own name.
func unbound(all []stalwart.Listener, l Listener) []stalwart.Listener {
	want := l.desired()
	want.Binds = slices.DeleteFunc(slices.Clone(want.Binds), func(b string) bool {
		return slices.ContainsFunc(all, func(have stalwart.Listener) bool {
			return have.Protocol == l.Protocol && have.Implicit == l.ImplicitTLS && slices.ContainsFunc(have.Binds, func(h string) bool { return port(h) == port(b) })
		})
	})
	if len(want.Binds) == 0 {
		return nil
	}
	for i := 1; ; i++ {
		named := slices.IndexFunc(all, func(have stalwart.Listener) bool { return have.Name == want.Name })
		switch {
		case named < 0:
			return []stalwart.Listener{want}
		case all[named].Protocol == l.Protocol && all[named].Implicit == l.ImplicitTLS:
			want.ID = all[named].ID
			return []stalwart.Listener{want}
		}
		want.Name = fmt.Sprintf("%s-%d", l.Name, i) // somebody has given the name to something else
	}
}

// port is the port of host:port, 0 where there is none.
func port(address string) uint16 {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return 0
	}
	return a.Port()
}

// planWebUI switches what is there. Where there is none, a start would make the usual one,
// which is what is wanted or not.
func planWebUI(all []stalwart.WebUI, wanted bool) []Op {
	if len(all) == 0 && !wanted {
		return []Op{{Kind: ReserveWebUI}}
	}
	var ops []Op
	for _, u := range all {
		switch {
		case wanted && u.Reserved:
			ops = append(ops, Op{Kind: ReleaseWebUI, ID: u.ID})
		case u.Enabled != wanted:
			ops = append(ops, Op{Kind: SwitchWebUI, ID: u.ID, On: wanted})
		}
	}
	return ops
}
