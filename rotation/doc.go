// Package rotation replaces a credential while everybody still logs in with the
// one before.
//
// A generation is a credential that the mirrors held, hold or are about to hold.
// At every instant the current generation logs in; every other one that was
// mirrored logs in until it has left the last mirror for the overlap and no
// consumer runs on it. The naive order, to set the password and then to mirror it,
// refuses every consumer until it has rolled.
//
// Stalwart keeps a credential in one of two slots. The account's password is one
// place: what is written there ends what was there. App passwords are many. On 0.15
// their bytes are ours to choose, so the SOURCE's new bytes are added beside the
// old password, mirrored, and moved into the password's place when the old one is
// free. On 0.16 only the server chooses, so a bridge carries the consumers over: an
// app password is mirrored until the old password is free; then the SOURCE's bytes
// become the password and are mirrored, and the bridge is destroyed when it is free
// in its turn.
//
//	0.15  password P1 ─────────────────────────┐ P2
//	      app      P2    ──────────────────────┘
//	      mirror   P1  │ P2
//
//	0.16  password P1 ──────────────────┐ P2 ─────────────
//	      app      B     ──────────────────────────────┘
//	      mirror   P1  │ B              │ P2
//
// [Next] decides everything from what is observed: the state Secret, the app
// passwords that Stalwart lists, what the mirrors hold and what consumers run on.
// Nothing is remembered between two calls.
package rotation
