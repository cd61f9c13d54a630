{{/* The configuration of the controller, as it follows from this chart's values. */}}
{{- define "stalwart-sovereign.controllerConfig" -}}
{{- $name := include "stalwart-sovereign.fullname" . -}}
{{- $home := .Release.Namespace -}}
{{- $m := .Values.sovereignSMTPCredentialsMirror -}}
{{- $sub := index .Subcharts "smtp-mirror" -}}
domain: {{ include "stalwart-sovereign.fqdn" . | quote }}
stalwart:
  url: http://{{ $name }}-http.{{ $home }}.svc.{{ .Values.clusterDomain }}:8080
  namespace: {{ $home | quote }}
  adminSecret: {{ .Values.admin.secretName | quote }}
  adminUser: {{ .Values.admin.username | quote }}
  podSelector: {{ printf "app.kubernetes.io/name=bp-stalwart-sovereign,app.kubernetes.io/instance=%s" .Release.Name | quote }}
  container: stalwart
  restart: {enabled: false, kind: StatefulSet, name: {{ $name | quote }}}
submissions:
- name: console
  secret: {{ .Values.smtp.submissionSecretName | quote }}
  {{- if $m.enabled }}
  mirrors:
  - {namespace: {{ $m.namespace | quote }}, name: {{ $m.secretName | quote }}}
  {{- else }}
  mirrors: []
  {{- end }}
dnsRecords: {namespace: {{ $home | quote }}, name: {{ $name }}-dns-records-required}
dns:
  service: {namespace: {{ $home | quote }}, name: {{ $name }}-mail}
  spf: {policy: {{ .Values.dns.spf.policy | quote }}}
  dmarc: {policy: {{ .Values.dns.dmarc.policy | quote }}, rua: {{ .Values.dns.dmarc.rua | quote }}}
{{- with include "stalwart-sovereign.tlsSecret" . }}
tls: {secret: {{ . | quote }}}
{{- end }}
# Where Stalwart calls; it is used where the webhook is enabled.
webhook: {url: {{ printf "http://%s.%s.svc.%s:%v" (include "smtp-mirror.fullname" $sub) $home .Values.clusterDomain $sub.Values.service.port | quote }}}
leaderElection: {enabled: true, namespace: {{ $home | quote }}, name: {{ $name }}-smtp-mirror}
{{- end -}}

{{/* The mirror that `helm test` reads, as YAML; empty where nobody could read it. */}}
{{- define "stalwart-sovereign.tested" -}}
{{- if and .Values.controller.enabled (include "stalwart-sovereign.fqdn" .) -}}
{{-   $controller := include "stalwart-sovereign.controllerContext" . | fromJson -}}
{{-   $submissions := (include "smtp-mirror.effective" $controller | fromYaml).submissions -}}
{{-   if and $controller.Values.deployment.enabled $controller.Values.rbac.create $submissions -}}
{{-     with (first $submissions).mirrors }}{{ first . | toYaml }}{{ end -}}
{{-   end -}}
{{- end -}}
{{- end -}}

{{/*
The subchart's context with that configuration, under what its own values say, as JSON.
*/}}
{{- define "stalwart-sovereign.controllerContext" -}}
{{- $sub := index .Subcharts "smtp-mirror" -}}
{{- $config := include "stalwart-sovereign.controllerConfig" . | fromYaml -}}
{{- $values := deepCopy $sub.Values -}}
{{- $_ := set $values "config" (mergeOverwrite $config (default dict $values.config)) -}}
{{- $_ := set $values "global" (deepCopy (default dict .Values.global)) -}}
{{- $_ := set $values "commonLabels" (mergeOverwrite (dict "catalyst.openova.io/blueprint" "bp-stalwart-sovereign") (default dict $values.commonLabels)) -}}
{{- if not .Values.networkPolicy.enabled }}{{ $_ := set $values.networkPolicy "enabled" false }}{{ end -}}
{{- toJson (dict "Values" $values "Chart" (dict "Name" $sub.Chart.Name "Version" $sub.Chart.Version "AppVersion" $sub.Chart.AppVersion) "Release" .Release "Template" .Template) -}}
{{- end -}}
