{{- define "parent.config" -}}
submissions:
- name: console
  mirrors:
  {{- if .Values.mirrorEnabled }}
  - namespace: platform
  {{- else }} []
  {{- end }}
{{- end -}}

