{{- define "stalwart-sovereign.podSpec" -}}
{{- $s := .Values.stalwart -}}
{{- $mirror := index .Subcharts "smtp-mirror" -}}
serviceAccountName: {{ include "stalwart-sovereign.serviceAccountName" . | quote }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with include "stalwart-sovereign.pullSecrets" . }}
{{ . }}
{{- end }}
{{- with $s.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
terminationGracePeriodSeconds: {{ $s.terminationGracePeriodSeconds }}
{{- with $s.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
initContainers:
# Our program comes from an image of its own, which has nothing else.
- name: copy
  image: {{ include "smtp-mirror.image" $mirror | quote }}
  imagePullPolicy: {{ $mirror.Values.image.pullPolicy }}
  args: [copy, /seed/smtp-mirror]
  resources:
    {{- toYaml $mirror.Values.resources | nindent 4 }}
  securityContext:
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
    capabilities: {drop: [ALL]}
  volumeMounts:
  - {name: seed, mountPath: /seed}
# Stalwart runs in recovery mode for a second, over loopback: its listeners, its log, and nothing from the Internet.
- name: seed
  image: {{ include "stalwart-sovereign.image" . | quote }}
  imagePullPolicy: {{ $s.image.pullPolicy }}
  command: [/seed/smtp-mirror]
  args:
    {{- toYaml (concat (list "seed" "--config" "/etc/stalwart/seed.yaml" "--port" (include "stalwart-sovereign.port" (dict "root" . "name" "http")) "--") $s.command (list "--config" "/etc/stalwart/config.json")) | nindent 4 }}
  {{- include "stalwart-sovereign.process" . | nindent 2 }}
  resources:
    {{- toYaml $s.initResources | nindent 4 }}
containers:
- name: stalwart
  image: {{ include "stalwart-sovereign.image" . | quote }}
  imagePullPolicy: {{ $s.image.pullPolicy }}
  command:
    {{- toYaml $s.command | nindent 4 }}
  args: [--config, /etc/stalwart/config.json]
  {{- include "stalwart-sovereign.process" . | nindent 2 }}
  ports:
  {{- range $s.listeners }}
  - {name: {{ .name }}, containerPort: {{ .port }}, protocol: TCP}
  {{- end }}
  {{- range $kind, $probe := $s.probes }}
  {{- if $probe }}
  {{ $kind }}Probe:
    {{- include "stalwart-sovereign.probe" (dict "root" $ "kind" $kind) | nindent 4 }}
  {{- end }}
  {{- end }}
  resources:
    {{- toYaml $s.resources | nindent 4 }}
volumes:
- name: config
  configMap:
    name: {{ include "stalwart-sovereign.fullname" . }}-config
- name: seed
  emptyDir: {sizeLimit: 256Mi}
- name: tmp
  emptyDir: {sizeLimit: 256Mi}
{{- with $s.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- with include "stalwart-sovereign.nodeSelector" . }}
nodeSelector:
  {{- . | nindent 2 }}
{{- end }}
{{- with $s.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $s.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $s.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The default digest is one of linux/amd64; whoever names another image says where it runs. */}}
{{- define "stalwart-sovereign.nodeSelector" -}}
{{- $selector := deepCopy (default dict .Values.stalwart.nodeSelector) -}}
{{- if eq (default "" .Values.stalwart.image.digest) (include "stalwart-sovereign.defaultDigest" .) -}}
{{-   $selector = merge $selector (dict "kubernetes.io/arch" "amd64") -}}
{{- end -}}
{{- if $selector }}{{ toYaml $selector }}{{ end -}}
{{- end -}}

{{- define "stalwart-sovereign.defaultDigest" -}}
sha256:5d75cff4e9c6d75e64636e9ef9674b1d877f8f6fb2e11ee8176fbad3faaa5289
{{- end -}}

{{/* What Stalwart is given wherever it runs. */}}
{{- define "stalwart-sovereign.process" -}}
{{- $s := .Values.stalwart -}}
env:
- name: ADMIN_PASSWORD
  valueFrom:
    secretKeyRef: {name: {{ .Values.admin.secretName | quote }}, key: ADMIN_PASSWORD}
- name: STALWART_RECOVERY_ADMIN
  value: "{{ .Values.admin.username }}:$(ADMIN_PASSWORD)"
{{- with default (include "stalwart-sovereign.mailHost" .) $s.hostname }}
- name: STALWART_HOSTNAME
  value: {{ . | quote }}
{{- end }}
{{- with $s.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- with $s.containerSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumeMounts:
- {name: data, mountPath: /var/lib/stalwart}
- {name: config, mountPath: /etc/stalwart, readOnly: true}
- {name: seed, mountPath: /seed, readOnly: true}
- {name: tmp, mountPath: /tmp}
{{- with $s.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}
