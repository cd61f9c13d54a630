// Package apikey lets the controller work with a key of its own instead of the
// administrator's password.
//
// Stalwart reads its administrator's password only when it starts, so a new one in
// the Secret is refused until then, and the old one is gone. A key does not care.
// It is minted with the administrator's password, with no more rights than the
// configuration needs, proven by a request, and kept in a Secret, where every
// replica finds it. Before it grows old another one takes its place, and the old one
// is destroyed. A key that is refused is minted anew.
//
// The [Keyring] gives the credential of each request: the key while it is good, else
// the administrator. The [Keeper] keeps the key true, and says where the
// administrator's password is not accepted; where it may, it restarts Stalwart then,
// once for each version of that Secret.
//
// The limit: whoever may update accounts can set the password of an administrator.
// A key bounds what an accident can break; it is no security boundary.
package apikey
