package stalwartsync

import (
	"slices"
	"strings"

	"github.com/openova-io/smtp-mirror/stalwart"
)

// planServer plans the server-wide settings of 0.16; those of 0.15 belong to its
// configuration file.
func planServer(o Observed, d Desired) []Op {
	var ops []Op
	var missing stalwart.Defaults
	if o.Defaults.Hostname == "" {
		missing.Hostname = d.Hostname
	}
	if o.Defaults.Domain == "" {
		missing.Domain = d.Domain
	}
	if missing != (stalwart.Defaults{}) {
		ops = append(ops, Op{Kind: SetDefaults, Defaults: missing, What: strings.TrimSpace("hostname " + missing.Hostname + " domain " + missing.Domain)})
	}
	if d.Manage && Serving(o, d) == nil {
		want := named(o.Listeners, d.Listener)
		ops = append(ops, Op{Kind: BindListener, Listener: want, What: want.Name + " on " + strings.Join(want.Binds, ", ")})
	}
	return ops
}

// named settles what a listener is called. Where the name is taken by one of the
// same kind, that one gets an address more; by another kind, the port tells them
// apart.
func named(all []stalwart.Listener, want stalwart.Listener) stalwart.Listener {
	for _, l := range all {
		switch {
		case l.Name != want.Name:
		case l.Protocol == want.Protocol && l.Implicit == want.Implicit:
			want.ID = l.ID
			return want
		default:
			want.Name += "-" + port(want.Binds[0])
			return want
		}
	}
	return want
}

// Serving gives the SMTP listener that is told to bind the wanted port, whoever
// made it.
func Serving(o Observed, d Desired) *stalwart.Listener {
	want := port(d.Listener.Binds[0])
	for _, l := range o.Listeners {
		if l.Protocol == "smtp" && slices.ContainsFunc(l.Binds, func(b string) bool { return port(b) == want }) {
			return &l
		}
	}
	return nil
}
