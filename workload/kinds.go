package workload

import "k8s.io/apimachinery/pkg/runtime/schema"

// The kinds.
const (
	Deployment    = "Deployment"
	StatefulSet   = "StatefulSet"
	DaemonSet     = "DaemonSet"
	HelmRelease   = "HelmRelease"   // of Flux
	Kustomization = "Kustomization" // of Flux
)

// Kinds lists them.
func Kinds() []string {
	return []string{Deployment, StatefulSet, DaemonSet, HelmRelease, Kustomization}
}

// IsFlux reports whether a kind is Flux's.
func IsFlux(kind string) bool { return kind == HelmRelease || kind == Kustomization }

// ResourceOf is the kind in the words of the API.
func ResourceOf(kind string) schema.GroupVersionResource {
	return map[string]schema.GroupVersionResource{
		Deployment:    {Group: "apps", Version: "v1", Resource: "deployments"},
		StatefulSet:   {Group: "apps", Version: "v1", Resource: "statefulsets"},
		DaemonSet:     {Group: "apps", Version: "v1", Resource: "daemonsets"},
		HelmRelease:   {Group: "helm.toolkit.fluxcd.io", Version: "v2", Resource: "helmreleases"},
		Kustomization: {Group: "kustomize.toolkit.fluxcd.io", Version: "v1", Resource: "kustomizations"},
	}[kind]
}

// Resource is the kind in the words of RBAC.
func Resource(kind string) string { return ResourceOf(kind).Resource }
