{{/* What Prometheus needs: off by default, because it needs the CRDs of prometheus-operator. */}}

{{- define "smtp-mirror.endpoint" -}}
- port: {{ .port }}
  path: /metrics
  interval: {{ .monitor.interval }}
  scrapeTimeout: {{ .monitor.scrapeTimeout }}
  {{- with .monitor.relabelings }}
  relabelings:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .monitor.metricRelabelings }}
  metricRelabelings:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{- define "smtp-mirror.monitorMeta" -}}
name: {{ include "smtp-mirror.fullname" .root }}
namespace: {{ .root.Release.Namespace | quote }}
labels:
  {{- merge (include "smtp-mirror.labels" .root | fromYaml) (default dict .object.labels) | toYaml | nindent 2 }}
{{- with .object.annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "smtp-mirror.serviceMonitor" }}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  {{- include "smtp-mirror.monitorMeta" (dict "root" . "object" .Values.serviceMonitor) | nindent 2 }}
spec:
  selector:
    matchLabels:
      {{- include "smtp-mirror.selectorLabels" . | nindent 6 }}
  endpoints:
  {{- include "smtp-mirror.endpoint" (dict "port" "http" "monitor" .Values.serviceMonitor) | nindent 2 }}
{{- end -}}

{{- define "smtp-mirror.podMonitor" }}
---
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata:
  {{- include "smtp-mirror.monitorMeta" (dict "root" . "object" .Values.podMonitor) | nindent 2 }}
spec:
  selector:
    matchLabels:
      {{- .Values.podMonitor.selector | default (include "smtp-mirror.selectorLabels" . | fromYaml) | toYaml | nindent 6 }}
  podMetricsEndpoints:
  {{- include "smtp-mirror.endpoint" (dict "port" (ternary "http" "smtp-mirror" .Values.deployment.enabled) "monitor" .Values.podMonitor) | nindent 2 }}
{{- end -}}

{{- define "smtp-mirror.prometheusRule" }}
{{- $c := include "smtp-mirror.effective" . | fromYaml }}
{{- $unproven := list }}
{{- range $c.submissions }}
{{- if eq .gate "none" }}{{ $unproven = append $unproven .name }}{{ end }}
{{- end }}
{{- $alerts := include "smtp-mirror.alerts" (dict "here" (printf "namespace=%q" .Release.Namespace) "unproven" (join "|" $unproven) "silence" (include "smtp-mirror.seconds" $c.resync | int | mul 3 | max 1800)) | fromYamlArray }}
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  {{- include "smtp-mirror.monitorMeta" (dict "root" . "object" .Values.prometheusRule) | nindent 2 }}
spec:
  groups:
  - name: {{ include "smtp-mirror.fullname" . }}
    rules:
    {{- range $alerts }}
    {{- if not (has .alert $.Values.prometheusRule.disabled) }}
    - alert: {{ .alert }}
      expr: {{ .expr | quote }}
      for: {{ .for }}
      labels:
        {{- merge dict (default dict $.Values.prometheusRule.alertLabels) (dict "severity" .severity) | toYaml | nindent 8 }}
      annotations:
        summary: {{ .summary | quote }}
        description: {{ .description | quote }}
        runbook_url: {{ printf "%s%s" $.Values.prometheusRule.runbookURL .runbook | quote }}
    {{- end }}
    {{- end }}
{{- end -}}

{{/*
The alerts: (dict "here" matcher "unproven" names of submissions that nobody logs in for "silence" seconds). A standby sees what it sees and writes nothing, so only the leader's
targets count. Reasons that are a wait of days by design are left out of SMTPMirrorHeld.
*/}}
{{- define "smtp-mirror.alerts" -}}
- alert: SMTPMirrorNoLeader
  expr: sum(smtp_mirror_leader{ {{- .here -}} }) < 1 or absent(smtp_mirror_leader{ {{- .here -}} })
  for: 3m
  severity: critical
  summary: No replica of smtp-mirror works
  description: A rotated credential would not reach those who send. Look at the Pods, at the Lease, and at /livez.
  runbook: "#kubernetes-and-the-program"
- alert: SMTPMirrorNoProof
  expr: time() - max by (submission) (smtp_mirror_last_proof_timestamp_seconds{ {{- .here -}} ,submission!~"{{ .unproven }}"}) > {{ .silence }}
  for: 5m
  severity: critical
  summary: No login of submission {{ "{{ $labels.submission }}" }} was accepted for {{ div .silence 60 }} minutes
  description: The relay does not take the mail of those who send, or nobody could ask it.
  runbook: "#listeners-tls-and-the-login"
- alert: SMTPMirrorHeld
  expr: max by (target, reason) (smtp_mirror_target_outcome{ {{- .here -}} ,outcome="Held",reason!~"Pending|OnFallback|AddressKept|DKIMRecordKept|KeyMakesWay|ProofMailWaits|AwaitingTLSA|AwaitingDKIMKeys"} and on (instance) smtp_mirror_leader{ {{- .here -}} } == 1) == 1
  for: 15m
  severity: warning
  summary: "{{ "{{ $labels.target }}" }} waits: {{ "{{ $labels.reason }}" }}"
  description: Somebody has to do something; the runbook says who and what.
  runbook: "#{{ "{{ $labels.reason | toLower }}" }}"
- alert: SMTPMirrorRetrying
  expr: max by (target, reason) (smtp_mirror_target_outcome{ {{- .here -}} ,outcome="Retrying"} and on (instance) smtp_mirror_leader{ {{- .here -}} } == 1) == 1
  for: 10m
  severity: warning
  summary: "{{ "{{ $labels.target }}" }} fails: {{ "{{ $labels.reason }}" }}"
  description: It is tried again all the time. The log and /status have the error.
  runbook: "#{{ "{{ $labels.reason | toLower }}" }}"
- alert: SMTPMirrorOnFallback
  expr: max by (target) (smtp_mirror_target_outcome{ {{- .here -}} ,reason="OnFallback"} and on (instance) smtp_mirror_leader{ {{- .here -}} } == 1) == 1
  for: 5m
  severity: warning
  summary: "{{ "{{ $labels.target }}" }} holds the credentials of phase 1"
  description: Our own relay fails; mail goes through the installer's. It returns by itself when logins are accepted.
  runbook: "#onfallback"
- alert: SMTPMirrorCacheOld
  expr: time() - smtp_mirror_cache_fresh_timestamp_seconds{ {{- .here -}} } > 180
  for: 2m
  severity: warning
  summary: The cache of {{ "{{ $labels.object }}" }} was not seen to be fresh for 3 minutes
  description: The API server does not answer, or refuses the read.
  runbook: "#cachenotsynced"
- alert: SMTPMirrorConfigurationInvalid
  expr: sum by (instance) (smtp_mirror_config_reloads_total{ {{- .here -}} ,result="invalid"}) - (sum by (instance) (smtp_mirror_config_reloads_total{ {{- .here -}} ,result="invalid"} offset 30m) or 0 * sum by (instance) (smtp_mirror_config_reloads_total{ {{- .here -}} ,result="invalid"})) > 0
  for: 0m
  severity: warning
  summary: A changed configuration is invalid, and the old one stays
  description: The log says what is wrong with it. A Pod that starts anew would not start.
  runbook: "#kubernetes-and-the-program"
- alert: SMTPMirrorCertificateEnds
  expr: min by (host) (smtp_mirror_certificate_days_left{ {{- .here -}} }) < 14
  for: 1h
  severity: warning
  summary: The certificate of {{ "{{ $labels.host }}" }} ends in less than 14 days
  description: Clients that verify names will refuse to log in.
  runbook: "#certificateexpires"
- alert: SMTPMirrorRecordWrong
  expr: max by (record, state) (smtp_mirror_dns_record_state{ {{- .here -}} ,state!~"Published|TempError"} and on (instance) smtp_mirror_leader{ {{- .here -}} } == 1) == 1
  for: 2h
  severity: warning
  summary: "The DNS record {{ "{{ $labels.record }}" }} is {{ "{{ $labels.state }}" }} for the outside"
  description: What it should be is in records.json, and in README.md beside it, of the dns-records ConfigMap.
  runbook: "#dnsnotaswanted"
{{- end -}}
