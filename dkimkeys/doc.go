// Package dkimkeys decides the life of the DKIM keys that we make.
//
// A receiver verifies a signature with the key that the DNS has when it looks, which
// may be days after the mail was signed (RFC 6376, section 3.6). So a key is
//
//	made        in Stalwart as pending, under a selector that was never used before
//	published   its record; every authoritative server answers with its bytes, for
//	            as long as its absence may be remembered somewhere (RFC 2308)
//	active      Stalwart signs with it
//	retiring    a newer one has taken its place; its record stays, for mail on its way
//	retired     its record is emptied (p=, RFC 6376, section 3.6.1)
//	destroyed   and its record is gone
//
// [Next] is pure: the same world gives the same step, and a world in which the step
// was carried out gives the next one. What cannot be read from Stalwart, since when a
// key is in its stage and which keys are ours, is kept in a Secret ([State]). A key
// that is not in there is somebody else's and is never touched; ids come back equal
// after a lost data volume, so a key is ours only with its bytes.
package dkimkeys
