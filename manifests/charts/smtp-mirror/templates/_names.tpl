{{/* Names and labels. */}}

{{- define "smtp-mirror.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "smtp-mirror.fullname" -}}
{{- $name := include "smtp-mirror.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "smtp-mirror.selectorLabels" -}}
app.kubernetes.io/name: {{ include "smtp-mirror.name" . }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "smtp-mirror.labels" -}}
{{- $own := include "smtp-mirror.selectorLabels" . | fromYaml -}}
{{- $_ := set $own "app.kubernetes.io/version" .Chart.AppVersion -}}
{{- $_ := set $own "app.kubernetes.io/managed-by" .Release.Service -}}
{{- $_ := set $own "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-") -}}
{{- merge $own (default dict .Values.commonLabels) | toYaml -}}
{{- end -}}

{{- define "smtp-mirror.serviceAccountName" -}}
{{- default (ternary (include "smtp-mirror.fullname" .) "default" .Values.serviceAccount.create) .Values.serviceAccount.name -}}
{{- end -}}

{{/* The image: a registry of global values wins, a digest wins over a tag. */}}
{{- define "smtp-mirror.image" -}}
{{- $image := .Values.image -}}
{{- $registry := default $image.registry (default dict .Values.global).imageRegistry -}}
{{- with $registry }}{{ trimSuffix "/" . }}/{{ end }}{{ $image.repository }}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ default .Chart.AppVersion $image.tag }}{{ end }}
{{- end -}}

{{- define "smtp-mirror.pullSecrets" -}}
{{- $all := list -}}
{{- range concat (default list (default dict .Values.global).imagePullSecrets) (default list .Values.image.pullSecrets) -}}
{{- $all = append $all (kindIs "map" . | ternary . (dict "name" .)) -}}
{{- end -}}
{{- with $all | uniq -}}
imagePullSecrets:
{{- toYaml . | nindent 0 }}
{{- end -}}
{{- end -}}
