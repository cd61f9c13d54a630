{{/*
The rights: what `smtp-mirror rbac` prints for the configuration, rule for rule and in the same order. What needs
each of them is told in the program's package rbac; a test compares both for many configurations.
*/}}

{{/* The needs of a namespace, made where there are none yet: (list all namespace "key of a list" name...). */}}
{{- define "smtp-mirror.rbac.need" -}}
{{- $all := index . 0 -}}
{{- $namespace := index . 1 -}}
{{- if not (hasKey $all $namespace) -}}
{{-   $_ := set $all $namespace (dict "read" list "apply" list "configMaps" list "rules" list "events" false) -}}
{{- end -}}
{{- $need := get $all $namespace -}}
{{- if eq (index . 2) "events" -}}
{{-   $_ := set $need "events" true -}}
{{- else -}}
{{-   $_ := set $need (index . 2) (append (get $need (index . 2)) (index . 3)) -}}
{{- end -}}
{{- end -}}

{{/* Adds a rule: (list all namespace group resource (list names) "verb verb"). */}}
{{- define "smtp-mirror.rbac.rule" -}}
{{- $rule := dict "apiGroups" (list (index . 2)) "resources" (list (index . 3)) "verbs" (splitList " " (index . 5)) -}}
{{- with index . 4 -}}
{{-   $_ := set $rule "resourceNames" (. | sortAlpha | uniq) -}}
{{- end -}}
{{- include "smtp-mirror.rbac.need" (list (index . 0) (index . 1) "rules" $rule) -}}
{{- end -}}

{{/* What a consumer needs: (list all consumer). */}}
{{- define "smtp-mirror.rbac.consumer" -}}
{{- $all := index . 0 -}}
{{- $x := index . 1 -}}
{{- $flux := has $x.kind (list "HelmRelease" "Kustomization") -}}
{{- $groups := dict "HelmRelease" "helm.toolkit.fluxcd.io" "Kustomization" "kustomize.toolkit.fluxcd.io" -}}
{{- include "smtp-mirror.rbac.need" (list $all $x.namespace "events") -}}
{{- include "smtp-mirror.rbac.rule" (list $all $x.namespace (default "apps" (get $groups $x.kind)) (printf "%ss" (lower $x.kind)) (list $x.name) "get patch") -}}
{{- if not $flux -}}
{{-   include "smtp-mirror.rbac.rule" (list $all $x.namespace "" "pods" list "list") -}}
{{- end -}}
{{- if $x.via.name -}}
{{-   include "smtp-mirror.rbac.need" (list $all $x.via.namespace "read" $x.via.name) -}}
{{- end -}}
{{- end -}}

{{/* What a submission needs: (list all home submission). */}}
{{- define "smtp-mirror.rbac.submission" -}}
{{- $all := index . 0 -}}
{{- $home := index . 1 -}}
{{- $s := index . 2 -}}
{{- include "smtp-mirror.rbac.need" (list $all $home "read" $s.secret) -}}
{{- if $s.rotation.writeSource -}}
{{-   include "smtp-mirror.rbac.rule" (list $all $home "" "secrets" (list $s.secret) "patch") -}}
{{- end -}}
{{- if $s.rotates -}}
{{-   include "smtp-mirror.rbac.rule" (list $all $home "" "secrets" (list $s.stateSecret) "get create patch") -}}
{{- end -}}
{{- range $s.consumers -}}
{{-   include "smtp-mirror.rbac.consumer" (list $all .) -}}
{{- end -}}
{{- range $s.mirrors -}}
{{-   include "smtp-mirror.rbac.need" (list $all .namespace "events") -}}
{{-   include "smtp-mirror.rbac.need" (list $all .namespace "apply" .name) -}}
{{-   if .fallback.enabled -}}
{{-     include "smtp-mirror.rbac.rule" (list $all .namespace "" "secrets" (list .fallback.secret) "get create patch") -}}
{{-   end -}}
{{- end -}}
{{- end -}}

{{/* What the public side needs: (list all configuration). */}}
{{- define "smtp-mirror.rbac.outside" -}}
{{- $all := index . 0 -}}
{{- $c := index . 1 -}}
{{- $home := $c.stalwart.namespace -}}
{{- include "smtp-mirror.rbac.rule" (list $all $c.dns.service.namespace "" "services" (list $c.dns.service.name) "get list watch") -}}
{{- if or (eq $c.dkim.manage "rotate") $c.dkim.import -}}
{{-   include "smtp-mirror.rbac.rule" (list $all $home "" "secrets" (list $c.dkim.backup.secret) "get create patch") -}}
{{- end -}}
{{- with $c.tls.secret -}}
{{-   include "smtp-mirror.rbac.need" (list $all $home "read" .) -}}
{{- end -}}
{{- with $c.dns.publish -}}
{{-   if .rfc2136.enabled -}}
{{-     include "smtp-mirror.rbac.need" (list $all $home "read" .rfc2136.tsigSecret) -}}
{{-   end -}}
{{-   if .hetznerPTR.enabled -}}
{{-     include "smtp-mirror.rbac.need" (list $all $home "read" .hetznerPTR.tokenSecret) -}}
{{-   end -}}
{{-   if .externalDNS.enabled -}}
{{-     include "smtp-mirror.rbac.rule" (list $all .externalDNS.namespace "externaldns.k8s.io" "dnsendpoints" list "list create patch delete") -}}
{{-   end -}}
{{- end -}}
{{- end -}}

{{/* The needs of all namespaces: (list all configuration). */}}
{{- define "smtp-mirror.rbac.needs" -}}
{{- $all := index . 0 -}}
{{- $c := index . 1 -}}
{{- $home := $c.stalwart.namespace -}}
{{- include "smtp-mirror.rbac.need" (list $all $home "events") -}}
{{- include "smtp-mirror.rbac.need" (list $all $home "read" $c.stalwart.adminSecret) -}}
{{- with $c.stalwart.apiKeySecret -}}
{{-   include "smtp-mirror.rbac.need" (list $all $home "apply" .) -}}
{{- end -}}
{{- if $c.webhook.enabled -}}
{{-   include "smtp-mirror.rbac.need" (list $all $home "read" $c.webhook.secret) -}}
{{- end -}}
{{- include "smtp-mirror.rbac.rule" (list $all $home "" "pods" list "list watch") -}}
{{- with $c.stalwart.restart -}}
{{-   if .enabled -}}
{{-     include "smtp-mirror.rbac.rule" (list $all $home "apps" (printf "%ss" (lower .kind)) (list .name) "get patch") -}}
{{-   end -}}
{{- end -}}
{{- range $c.submissions -}}
{{-   include "smtp-mirror.rbac.submission" (list $all $home .) -}}
{{- end -}}
{{- include "smtp-mirror.rbac.need" (list $all $c.dnsRecords.namespace "events") -}}
{{- include "smtp-mirror.rbac.need" (list $all $c.dnsRecords.namespace "configMaps" $c.dnsRecords.name) -}}
{{- include "smtp-mirror.rbac.outside" . -}}
{{- end -}}

{{/* The rules of every namespace in their order: (list all configuration), as YAML. */}}
{{- define "smtp-mirror.rbac.rules" -}}
{{- $all := index . 0 -}}
{{- $ordered := dict -}}
{{- range $namespace, $need := $all -}}
{{-   with $need.read -}}
{{-     include "smtp-mirror.rbac.rule" (list $ordered $namespace "" "secrets" . "get list watch") -}}
{{-   end -}}
{{-   with $need.apply -}}
{{-     include "smtp-mirror.rbac.rule" (list $ordered $namespace "" "secrets" . "get list watch create patch") -}}
{{-   end -}}
{{-   with $need.configMaps -}}
{{-     include "smtp-mirror.rbac.rule" (list $ordered $namespace "" "configmaps" . "get list watch update patch") -}}
{{-   end -}}
{{-   range $need.rules -}}
{{-     include "smtp-mirror.rbac.need" (list $ordered $namespace "rules" .) -}}
{{-   end -}}
{{-   if $need.events -}}
{{-     include "smtp-mirror.rbac.rule" (list $ordered $namespace "events.k8s.io" "events" list "create patch") -}}
{{-   end -}}
{{- end -}}
{{- with (index . 1).leaderElection -}}
{{-   if .enabled -}}
{{-     include "smtp-mirror.rbac.rule" (list $ordered .namespace "coordination.k8s.io" "leases" list "create") -}}
{{-     include "smtp-mirror.rbac.rule" (list $ordered .namespace "coordination.k8s.io" "leases" (list .name) "get update") -}}
{{-   end -}}
{{- end -}}
{{- toYaml $ordered -}}
{{- end -}}

{{/* The Roles and RoleBindings, by namespace. */}}
{{- define "smtp-mirror.rbac" -}}
{{- $c := include "smtp-mirror.effective" . | fromYaml -}}
{{- $all := dict -}}
{{- include "smtp-mirror.rbac.needs" (list $all $c) -}}
{{- range $namespace, $need := include "smtp-mirror.rbac.rules" (list $all $c) | fromYaml }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {{ include "smtp-mirror.fullname" $ }}
  namespace: {{ $namespace | quote }}
  labels:
    {{- include "smtp-mirror.labels" $ | nindent 4 }}
rules:
{{ toYaml $need.rules }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ include "smtp-mirror.fullname" $ }}
  namespace: {{ $namespace | quote }}
  labels:
    {{- include "smtp-mirror.labels" $ | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ include "smtp-mirror.fullname" $ }}
subjects:
- kind: ServiceAccount
  name: {{ include "smtp-mirror.serviceAccountName" $ | quote }}
  namespace: {{ $.Release.Namespace | quote }}
{{- end }}
{{- end -}}
