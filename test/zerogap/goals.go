package main

import (
	"fmt"
	"time"
)

// The goals. A machine that is slow or shared misses them; that is printed, and is
// no failure.
const (
	goalFirst    = 3 * time.Second // SOURCE change to the first proven new bytes in the mirror
	goalPuts     = 3               // writes to the API server in a step
	goalCalls    = 12              // calls to Stalwart in a step
	goalRejected = 2               // logins of the controller with a rejected credential, in a rotation
	goalRest     = 3 * time.Second // beside the overlaps and the rollouts

	// rollsWithin is what rolling the row's consumers may take: the late rendering,
	// starting the new Pod, and the last words of the old one.
	rollsWithin = 3*time.Second + startup + linger
)

// goals prints which were missed, of rotations that nothing disturbed.
func goals(records []record, done []outcome) {
	fmt.Println()
	for _, r := range records {
		judge(r, "first new bytes in the mirror, ms (p50)", r.FirstBytesMS[0], float64(goalFirst.Milliseconds()))
		judge(r, "API writes in a step", r.WritesPerStep, goalPuts)
		judge(r, "Stalwart calls in a step", r.CallsPerStep, goalCalls)
		judge(r, "rejected logins of the controller in a rotation", float64(r.Rejected)/float64(max(r.Rotations, 1)), goalRejected)
	}
	for _, o := range done {
		if o.spec.pass != passAlone || o.rotations == 0 || o.spec.naive {
			continue
		}
		generations := float64(o.generations) / 2 / float64(o.rotations) // two consumers
		allowed := time.Duration(generations*float64(o.spec.overlap+rollsWithin)) + goalRest
		late := 0
		for _, took := range o.whole {
			if took > allowed {
				late++
			}
		}
		word := "reached"
		if late > 0 {
			word = "MISSED"
		}
		fmt.Printf("  %-7s %s: end to end within %s (%.1f generations of overlap and rollout, and 3 s): %d of %d\n", word, o.spec, allowed, generations, len(o.whole)-late, len(o.whole))
	}
}

func judge(r record, what string, value, most float64) {
	if value > most {
		fmt.Printf("  MISSED  %s %s: %s is %.1f, at most %g\n", r.Server, r.Kind, what, value, most)
	}
}
