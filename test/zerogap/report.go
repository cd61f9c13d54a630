package main

import (
	"fmt"
)

func line(o outcome) string {
	return fmt.Sprintf("%-52s rotations %3d logins %5d refused %d/%d throttled %d left %d rolls %d/%d bans %d kills %d restarts %d injected %d rejected %d unreachable %d broken %d first %v whole %v %s took %s", o.spec, o.rotations, o.counts.Logins, o.counts.Refused, o.counts.RefusedOutside, o.counts.Throttled, o.left, o.rolls, o.generations, o.bans, o.kills, o.restarts, o.injected, o.rejected, o.counts.Unreachable, o.counts.Broken, o.first, o.whole, o.walked, o.took)
}

func (b *bench) report() error { return nil }
