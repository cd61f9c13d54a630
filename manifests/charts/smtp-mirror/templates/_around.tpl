{{/* The small objects around the Pod. */}}

{{- define "smtp-mirror.meta" -}}
name: {{ include "smtp-mirror.fullname" . }}
namespace: {{ .Release.Namespace | quote }}
labels:
  {{- include "smtp-mirror.labels" . | nindent 2 }}
{{- end -}}

{{- define "smtp-mirror.configMap" }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  {{- include "smtp-mirror.meta" . | nindent 2 }}
data:
  config.yaml: |
    {{- include "smtp-mirror.config" . | nindent 4 }}
{{- end -}}

{{- define "smtp-mirror.serviceAccount" }}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "smtp-mirror.serviceAccountName" . }}
  namespace: {{ .Release.Namespace | quote }}
  labels:
    {{- include "smtp-mirror.labels" . | nindent 4 }}
  {{- with .Values.serviceAccount.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
{{- end -}}

{{- define "smtp-mirror.service" }}
---
apiVersion: v1
kind: Service
metadata:
  {{- include "smtp-mirror.meta" . | nindent 2 }}
  {{- with .Values.service.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  type: {{ .Values.service.type }}
  selector:
    {{- include "smtp-mirror.selectorLabels" . | nindent 4 }}
  ports:
  - name: http
    port: {{ .Values.service.port }}
    targetPort: http
    protocol: TCP
{{- end -}}

{{- define "smtp-mirror.podDisruptionBudget" }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "smtp-mirror.meta" . | nindent 2 }}
spec:
  maxUnavailable: {{ .Values.podDisruptionBudget.maxUnavailable }}
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "smtp-mirror.selectorLabels" . | nindent 6 }}
{{- end -}}

{{/*
A context for a parent chart that computes the configuration: it sets enabled to false, and then says
  {{- $mirror := dict "chart" (index .Subcharts "smtp-mirror") "config" (include "mine" . | fromYaml) }}
  {{- include "smtp-mirror.context" $mirror }}
  {{- include "smtp-mirror.objects" $mirror.context }}
What is computed lies over the values' config. The same context is good for smtp-mirror.sidecar and the rest.
*/}}
{{- define "smtp-mirror.context" -}}
{{- $values := deepCopy .chart.Values -}}
{{- $config := default dict $values.config -}}
{{- include "smtp-mirror.overlay" (dict "on" $config "with" .config) -}}
{{- $_ := set $values "config" $config -}}
{{- $context := omit .chart "Values" -}}
{{- $_ := set $context "Values" $values -}}
{{- $_ := set . "context" $context -}}
{{- end -}}

{{/* All objects. */}}
{{- define "smtp-mirror.objects" -}}
{{- if include "smtp-mirror.renders" . -}}
{{- $own := .Values.deployment.enabled -}}
{{- include "smtp-mirror.configMap" . -}}
{{- if and $own .Values.serviceAccount.create }}{{ include "smtp-mirror.serviceAccount" . }}{{ end -}}
{{- if .Values.rbac.create }}{{ include "smtp-mirror.rbac" . }}{{ end -}}
{{- if and $own .Values.service.enabled }}{{ include "smtp-mirror.service" . }}{{ end -}}
{{- if and $own .Values.networkPolicy.enabled }}{{ include "smtp-mirror.networkPolicy" . }}{{ end -}}
{{- if and $own .Values.podDisruptionBudget.enabled }}{{ include "smtp-mirror.podDisruptionBudget" . }}{{ end -}}
{{- if $own }}{{ include "smtp-mirror.deployment" . }}{{ end -}}
{{- if and $own .Values.serviceMonitor.enabled }}{{ include "smtp-mirror.serviceMonitor" . }}{{ end -}}
{{- if .Values.podMonitor.enabled }}{{ include "smtp-mirror.podMonitor" . }}{{ end -}}
{{- if .Values.prometheusRule.enabled }}{{ include "smtp-mirror.prometheusRule" . }}{{ end -}}
{{- end -}}
{{- end -}}
