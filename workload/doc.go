// Package workload is what the program needs of those who run on a credential.
//
// A Deployment, a StatefulSet or a DaemonSet is a [Workload]: whether the rollout of
// the newest pod template is complete, and one annotation on that template, whose
// change rolls the Pods. A HelmRelease or a Kustomization is a [Flux]: it renders
// what Pods read, or the Pods themselves, when it is asked to, and tells when it has.
package workload
