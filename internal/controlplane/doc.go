// Package controlplane gives a test a real Kubernetes API: an etcd, a
// kube-apiserver with RBAC and, where a test needs StatefulSets to move, a
// kube-controller-manager.
//
// A fake clientset says yes to everything. What the controller promises,
// though, is mostly about being told no: a service account that may touch two
// named Secrets and nothing else, a write that lost a race, an API server that
// is gone for a minute. Those need the real thing. A control plane without a
// kubelet starts in about three seconds, so each test can have its own.
//
// The binaries come from the directory that KUBEBUILDER_ASSETS names, as with
// envtest, or else from the cache that `make controlplane` fills from the Go
// modules in hack/controlplane. Nothing is downloaded here.
//
// Everything listens on 127.0.0.1 on free ports, with certificates made for
// the occasion, and every process dies with the test binary. Processes can be
// stopped and started again on the same ports with the same data, which is how
// tests make an outage.
//
// Pods do not run by themselves, as there is no kubelet; package nodetest
// stands in for one.
package controlplane
