// Package nodetest stands in for the nodes of a cluster, so that Pods in a
// test's control plane come to life.
//
// A control plane without a kubelet stores Pods that stay Pending for ever:
// StatefulSets never finish a rollout, Deployments never become available, and
// a namespace with a terminating Pod in it never goes away. A Node does the
// part of scheduler and kubelet that these depend on. It binds every Pod to
// itself, reports its containers as running, restarts what ends, and finishes
// the deletion of Pods that terminate.
//
// What a container does is up to the test. Without a Run function everything
// only pretends to run. With one, a container can be a real server process on
// this machine: its readiness becomes the Pod's readiness, its end a restart
// with a new container ID and a higher restart count, exactly the marks by
// which a controller notices that a mail server was restarted.
//
// With a Sandbox function each Pod has an address of its own, its init containers
// are run, native sidecars among them, and a Pod that is never restarted ends. What volumes and probes are is
// the sandbox's affair then.
//
// Not imitated: the restart policy OnFailure, startup probes of native sidecars,
// the order in which containers end, readiness gates, resources; without sandboxes init containers (reported as completed), volumes
// and probes neither.
package nodetest
