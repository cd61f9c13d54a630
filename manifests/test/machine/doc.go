// Package machine is a node of a cluster in one process tree: the Pods of a real API server
// run on it, as processes that see what containers see.
//
//   - Each Pod has a network namespace with an address of its own, on a bridge that leads
//     nowhere else: whatever would be fetched from outside cannot be. Its sysctls are set.
//   - Each container is a process as its user, in a root of its own, read-only where the Pod
//     says so, with the volumes, the environment and the arguments of the Pod. Init containers
//     run before, in their order.
//   - Startup, readiness and liveness probes are carried out as a kubelet does. Mounted
//     ConfigMaps and Secrets follow their objects, in the way of a kubelet: a directory is
//     swapped at once.
//   - The cluster's DNS answers for Services with the addresses of their ready endpoints, and
//     a LoadBalancer gets an address. Nothing stands between: a server sees who connects.
//
// A claim is a directory that outlives its Pods. Images are not pulled: [Options].Ours is the
// program of the image that has nothing else in it, and every other image is this machine's
// own file system, which the container may write to without anybody seeing it.
//
// Not imitated: cgroups (limits are not enforced), NetworkPolicies, seccomp and capabilities
// beyond what a user who is not root has.
//
// All of it needs Linux and root. [Enter] runs the program again in namespaces that take
// everything with them when they end.
package machine
