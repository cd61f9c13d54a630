// Package rollout lets consumers start anew when the credential that they were
// started with is being replaced.
//
// A Pod reads the mirror when it starts and keeps those bytes. So each consumer is
// rolled once per generation: its pod template gets the generation's number as an
// annotation, never anything that depends on the password. A HelmRelease or a
// Kustomization gets the annotation itself, and with it a request to reconcile: it
// may render what Pods read. A consumer that really reads such a rendered Secret is
// rolled only when that one holds the mirror's bytes. What a consumer still runs on
// is kept on a [Board], where the relay looks before it ends an old credential; of
// what renders nothing is known until it is done.
//
// Whether a consumer was rolled for a generation is read from the consumer, so
// neither our restart nor another leader rolls it again.
package rollout
