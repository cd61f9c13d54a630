// Package smtpprobe proves that a consumer could log in: it does what a mail
// library does when it submits a message (RFC 6409), up to the point where the
// message would begin.
//
// Over real TCP, at the address that consumers dial: greeting, EHLO, STARTTLS
// (RFC 3207) or TLS from the first byte (RFC 8314), AUTH PLAIN (RFC 4954), MAIL
// FROM each address that must be granted, RSET, QUIT. Never RCPT, never DATA: no
// message can come of it.
//
// The credential is sent only inside TLS whose certificate verifies. What the
// server said is turned into a [Verdict] by pure functions (verdict.go), because
// the same code means different things at different steps: 550 after AUTH is a
// missing permission, 501 after MAIL FROM a missing grant.
package smtpprobe
