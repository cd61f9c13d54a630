{{/* The configuration of the controller, as it follows from this chart's values. */}}
{{- define "stalwart-sovereign.controllerConfig" -}}
{{- $name := include "stalwart-sovereign.fullname" . -}}
{{- $home := .Release.Namespace -}}
{{- $m := .Values.sovereignSMTPCredentialsMirror -}}
domain: {{ include "stalwart-sovereign.fqdn" . }}
stalwart:
  url: http://{{ $name }}-http.{{ $home }}.svc.{{ .Values.clusterDomain }}:8080
  namespace: {{ $home }}
  adminSecret: {{ .Values.admin.secretName }}
  adminUser: {{ .Values.admin.username }}
  podSelector: app.kubernetes.io/name=bp-stalwart-sovereign,app.kubernetes.io/instance={{ .Release.Name }}
  container: stalwart
  restart: {enabled: false, kind: StatefulSet, name: {{ $name }}}
submissions:
- name: console
  secret: {{ .Values.smtp.submissionSecretName }}
  {{- if $m.enabled }}
  mirrors:
  - {namespace: {{ $m.namespace }}, name: {{ $m.secretName }}}
  {{- else }}
  mirrors: []
  {{- end }}
dnsRecords: {namespace: {{ $home }}, name: {{ $name }}-dns-records-required}
dns:
  service: {namespace: {{ $home }}, name: {{ $name }}-mail}
  spf: {policy: {{ .Values.dns.spf.policy | quote }}}
  dmarc: {policy: {{ .Values.dns.dmarc.policy }}, rua: {{ .Values.dns.dmarc.rua | quote }}}
{{- with include "stalwart-sovereign.tlsSecret" . }}
tls: {secret: {{ . }}}
{{- end }}
leaderElection: {enabled: true, namespace: {{ $home }}, name: {{ $name }}-smtp-mirror}
{{- end -}}

{{/*
The subchart's context with that configuration, under what its own values say, as JSON; Release and the rest of a
context are to be laid beside it.
*/}}
{{- define "stalwart-sovereign.controllerContext" -}}
{{- $sub := index .Subcharts "smtp-mirror" -}}
{{- $config := include "stalwart-sovereign.controllerConfig" . | fromYaml -}}
{{- $values := deepCopy $sub.Values -}}
{{- $_ := set $values "config" (mergeOverwrite $config (default dict $values.config)) -}}
{{- $_ := set $values "global" (deepCopy (default dict .Values.global)) -}}
{{- $_ := set $values "commonLabels" (mergeOverwrite (dict "catalyst.openova.io/blueprint" "bp-stalwart-sovereign") (default dict $values.commonLabels)) -}}
{{- if not .Values.networkPolicy.enabled }}{{ $_ := set $values.networkPolicy "enabled" false }}{{ end -}}
{{- toJson (dict "Values" $values "Chart" (dict "Name" $sub.Chart.Name "Version" $sub.Chart.Version "AppVersion" $sub.Chart.AppVersion)) -}}
{{- end -}}
