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
package mirror
