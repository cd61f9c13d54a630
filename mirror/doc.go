// Package mirror keeps the Secrets that consumers read equal to the SOURCE.
//
// A target is one Secret: by the contract of the platform
// catalyst-system/sovereign-smtp-credentials, in two shapes of keys at once. It is
// written by server-side apply, with the contract's field manager: we own the
// fields that the contract names and nothing else; keys, labels and annotations of
// others are not ours to see.
//
// What it promises (decide.go, pure):
//
//   - Never worse. A SOURCE that is missing, incomplete or unproven changes
//     nothing: the bytes of phase 1, or the last good ones, stay until our own relay
//     has accepted a login with exactly the bytes that would replace them.
//   - All or nothing. The five fields go out in one write.
//   - Nothing twice. What is equal is not written; the object holds no time, no
//     digest and no version of anything, so our own write is never a reason for the
//     next one.
//
// Where a [Fallback] is configured, a target may go back to the bytes of phase 1
// (verdict.go, pure). At the cutover they are first copied into a Secret of their
// own; a copy that cannot be made holds the cutover. When no login was accepted for
// longer than Fallback.After, the target gets exactly the seed's keys and marks
// again; those bytes are not ours to prove, so drift is repaired without a proof.
// When logins were accepted for as long, it returns. Which side it is on is read
// from its marks; a controller that starts anew only begins to count anew. A SOURCE
// that is missing or wrong is no failure by itself: as long as the credentials that
// were proven last log in, consumers are well served. Consumers are not rolled:
// their Pods keep what they run on.
package mirror
