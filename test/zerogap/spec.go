package main

import (
	"fmt"
	"hash/fnv"
	"time"

	"github.com/openova-io/smtp-mirror/internal/crowd"
)

// The kinds: what is rotated.
const (
	kindSource = "source" // somebody changes the SOURCE
	kindIssued = "issued" // the controller renews what it has minted
	kindNow    = "now"    // the annotation asks for a new credential, in both modes
	kindRevoke = "revoke" // and ends the old one at once
	kindAdmin  = "admin"  // the administrator's password changes, and then the SOURCE
)

// The passes: what happens meanwhile.
const (
	passAlone       = "alone"
	passOverlapping = "overlapping" // a second rotation while the first is under way
	passKills       = "kills"       // kill -9 at random instants
	passWrites      = "writes"      // kill -9 right after each single write
	passCalls       = "calls"       // each single call fails, conflicts, is lost, or hangs
	passLeader      = "leader"      // two controllers; the leader is ended
	passStalwart    = "stalwart"    // Stalwart restarts
	passAPIServer   = "apiserver"   // the API server restarts
	passMixed       = "mixed"       // some of these, in turn
)

// server is one to prove it with.
type server struct {
	name   string // as it is printed
	binary string // "" = the stand-in
	speaks string // version of the stand-in
	old    bool   // 0.15
}

// spec is one row.
type spec struct {
	server    server
	kind      string
	mode      string // credentials: source or issued
	pass      string
	rotations int // at most; passes that walk through all calls end by themselves
	part, of  int // rows that share a walk
	step      int // writes: 1 = every single one
	laps      int // calls: faults at every single one
	overlap   time.Duration
	naive     bool
	budget    time.Duration // of time
	seed      uint64
}

func (s spec) String() string {
	mode := ""
	if s.mode != s.kind {
		mode = " (" + s.mode + ")"
	}
	part := ""
	if s.of > 1 {
		part = fmt.Sprintf(" %d/%d", s.part+1, s.of)
	}
	return fmt.Sprintf("%s %s%s, %s%s", s.server.name, s.kind, mode, s.pass, part)
}

// outcome is what a row has shown.
type outcome struct {
	spec        spec
	rotations   int
	kills       int
	restarts    int // of Stalwart
	injected    int
	counts      crowd.Counts
	left        int // generations at rest, at most
	rolls       int // of the templates
	generations int // to which they were rolled
	bans        int
	rejected    int // logins of the controller with a rejected credential; -1 = not known
	walked      string
	first       []time.Duration // until the new bytes were in the mirror
	whole       []time.Duration // until rest
	calls       []tally         // of rotations that nothing disturbed
	trouble     []string
	stories     []string
	took        time.Duration
}

// hash is the same for the same row on every run: with the seed it gives the same
// random instants.
func (s spec) hash() uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s.String()))
	return h.Sum64()
}
