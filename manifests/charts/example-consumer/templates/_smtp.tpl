{{/* What every template of smtp-credentials is told. */}}
{{- define "example-consumer.smtp" -}}
mirror: {{ toJson .Values.mirror }}
target: {name: {{ .Values.secretName | quote }}}
defaults: {{ toJson .Values.smtp }}
labels:
  {{- include "example-consumer.labels" . | nindent 2 }}
{{- end -}}

{{- define "example-consumer.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}
