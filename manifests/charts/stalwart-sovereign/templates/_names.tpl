{{/* Names and labels. In the release stalwart-sovereign they are those that other programs look for. */}}

{{- define "stalwart-sovereign.name" -}}
{{- default "stalwart-sovereign" .Values.nameOverride | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "stalwart-sovereign.fullname" -}}
{{- $name := include "stalwart-sovereign.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "stalwart-sovereign.fqdn" -}}
{{- default (default "" .Values.sovereignFQDN) (default dict .Values.global).sovereignFQDN | lower -}}
{{- end -}}

{{- define "stalwart-sovereign.mailHost" -}}
{{- with include "stalwart-sovereign.fqdn" . }}mail.{{ . }}{{ end -}}
{{- end -}}

{{- define "stalwart-sovereign.selectorLabels" -}}
app.kubernetes.io/name: bp-stalwart-sovereign
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "stalwart-sovereign.labels" -}}
{{ include "stalwart-sovereign.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
catalyst.openova.io/blueprint: bp-stalwart-sovereign
{{- end -}}

{{- define "stalwart-sovereign.serviceAccountName" -}}
{{- default (ternary (include "stalwart-sovereign.fullname" .) "default" .Values.serviceAccount.create) .Values.serviceAccount.name -}}
{{- end -}}

{{- define "stalwart-sovereign.image" -}}
{{- $image := .Values.stalwart.image -}}
{{- with default $image.registry (default dict .Values.global).imageRegistry }}{{ trimSuffix "/" . }}/{{ end }}{{ $image.repository }}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ default .Chart.AppVersion $image.tag }}{{ end }}
{{- end -}}

{{/* For both images: our own program comes from one of its own. */}}
{{- define "stalwart-sovereign.pullSecrets" -}}
{{- $all := list -}}
{{- $ours := index .Subcharts "smtp-mirror" "Values" "image" -}}
{{- range concat (default list (default dict .Values.global).imagePullSecrets) (default list .Values.stalwart.image.pullSecrets) (default list $ours.pullSecrets) -}}
{{- $all = append $all (kindIs "map" . | ternary . (dict "name" .)) -}}
{{- end -}}
{{- with $all | uniq -}}
imagePullSecrets:
{{- toYaml . | nindent 0 }}
{{- end -}}
{{- end -}}

{{/* The Secret with the certificate, "" where there is none. */}}
{{- define "stalwart-sovereign.tlsSecret" -}}
{{- if .Values.certificate.existingSecret -}}
{{- .Values.certificate.existingSecret -}}
{{- else if .Values.certificate.enabled -}}
{{- default (printf "%s-tls" (include "stalwart-sovereign.fullname" .)) .Values.certificate.secretName -}}
{{- end -}}
{{- end -}}

{{/* The port of a listener by its name, which the checks have found once. */}}
{{- define "stalwart-sovereign.port" -}}
{{- range .root.Values.stalwart.listeners }}{{ if eq .name $.name }}{{ .port }}{{ end }}{{ end -}}
{{- end -}}

{{/*
A probe: (dict "root" context "kind" "readiness"). Where the values name no handler it is a command over loopback. A kubelet that asks
by itself comes from the node's address; Stalwart bans addresses for good, loopback never.
*/}}
{{- define "stalwart-sovereign.probe" -}}
{{- $probe := get .root.Values.stalwart.probes .kind -}}
{{- $handled := false -}}
{{- range list "exec" "httpGet" "tcpSocket" "grpc" }}{{ if get $probe . }}{{ $handled = true }}{{ end }}{{ end -}}
{{- if not $handled -}}
{{-   $what := printf "127.0.0.1:%s" (include "stalwart-sovereign.port" (dict "root" .root "name" "submission")) -}}
{{-   if eq .kind "liveness" }}{{ $what = printf "http://127.0.0.1:%s/healthz/live" (include "stalwart-sovereign.port" (dict "root" .root "name" "http")) }}{{ end -}}
{{-   $probe = merge (dict "exec" (dict "command" (list "/seed/smtp-mirror" "greet" $what))) $probe -}}
{{- end -}}
{{- toYaml $probe -}}
{{- end -}}

{{/* A quantity in bytes: Kubernetes writes 1024Mi as 1Gi. */}}
{{- define "stalwart-sovereign.bytes" -}}
{{- $text := toString . -}}
{{- $unit := regexFind "[a-zA-Z]*$" $text -}}
{{- $units := dict "" 1.0 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 "E" 1e18 "Ki" 1024.0 "Mi" 1048576.0 "Gi" 1073741824.0 "Ti" 1099511627776.0 "Pi" 1125899906842624.0 "Ei" 1152921504606846976.0 -}}
{{- printf "%.0f" (mulf (trimSuffix $unit $text | float64) (get $units $unit)) -}}
{{- end -}}
