// Command boot runs what the chart bp-stalwart-sovereign renders, as processes on this
// machine, from an empty volume to a mirror that is proven:
//
//   - a real API server takes the objects, and the controller has just the rights that are
//     rendered, with the token of its ServiceAccount;
//   - each container is a process as its user, in a root of its own with the volumes of the
//     Pod, with the environment and the arguments that are rendered; the init containers run
//     in their order, and the probes are carried out as a kubelet does;
//   - all of it lives in a network namespace with nothing but a loopback interface: whatever
//     would be fetched from outside cannot be.
//
// Stalwart is a real 0.16 (STALWART_BIN). At last the Pod of `helm test` logs in with the
// mirror's bytes. It needs root, for the namespaces and the users.
package main
