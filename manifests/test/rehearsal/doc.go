// Command rehearsal plays what a Sovereign's owner does, on a cluster in one process tree
// (the room machine): a real API server with RBAC and Pod Security, a real controller
// manager, Helm's own library, and the Pods of the charts as processes, with no way out.
//
// Stalwart is a real 0.16 (--stalwart), or the stand-in. The acts:
//
//   - sovereign: bp-stalwart-sovereign is installed on an empty cluster with --wait, and
//     `helm test` logs in with the mirror's bytes. A consumer of the mirror logs in all the
//     time while the release is upgraded, upgraded blindly, rolled back, and while Pods are
//     killed, the volume is lost, and the mirror is deleted. It is taken out at the end, and
//     what was to be kept is there.
//   - own: the controller's chart alone, beside a Stalwart of one's own.
//   - migrate: a release of the old chart, whose consumer sends through the mothership, is
//     upgraded.
//   - tls: the management API is spoken over TLS, as docs/security.md says.
//   - sidecar: the controller is a native sidecar in the Pod of somebody's own Stalwart.
//
// In each of them no login may be refused, nothing may be forbidden to the controller, each
// right that is rendered must have been used, and no Secret may be found in what any
// container said.
package main
