// Package rollout lets consumers start anew when the credential that they were
// started with is being replaced.
//
// A Pod reads the mirror when it starts and keeps those bytes. So each consumer is
// rolled once per generation: its pod template gets the generation's number as an
// annotation, never anything that depends on the password. A consumer that really
// reads another Secret, which is rendered from the mirror, is rolled only when that
// one holds the mirror's bytes. What a consumer still runs on is kept on a [Board],
// where the relay looks before it ends an old credential.
package rollout
