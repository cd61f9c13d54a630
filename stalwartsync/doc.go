// Package stalwartsync makes Stalwart able to relay for a submission, and proves
// it.
//
// One submission is one login: the SOURCE's smtp-user and smtp-pass, with the
// right to send as smtp-from and every other address that the configuration
// names. The room observes what Stalwart has, plans the difference (plan.go,
// pure), carries it out, reads everything back, and then logs in like a consumer
// would. Only that login is a proof; whoever mirrors the credential waits for it.
//
// What it promises:
//
//   - It adds and never removes: addresses, permissions, listeners and exemptions
//     of others stay, and mustMatchSender is not touched.
//   - It writes only differences. Passwords cannot be read back, so the login
//     decides: a password is written when the account is new, when the SOURCE has
//     changed since it last worked, or once after a 535.
//   - It believes no 200: after every write everything is read again, and a
//     difference that is still there is an error.
//   - A refused login is never repeated in a loop: the gate of the stalwart room
//     stands before the probe too.
package stalwartsync
