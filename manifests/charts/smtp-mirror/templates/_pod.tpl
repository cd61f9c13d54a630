{{/*
The container, alone or as a sidecar. The configuration is mounted as a directory, because the program watches the
file: a change arrives without a restart, and no checksum annotation is wanted, which would throw away warm caches.
*/}}

{{- define "smtp-mirror.container" -}}
name: smtp-mirror
image: {{ include "smtp-mirror.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- with .Values.command }}
command:
  {{- toYaml . | nindent 2 }}
{{- end }}
args:
- run
- --config=/etc/smtp-mirror/config.yaml
- --log-format={{ .Values.logFormat }}
- --log-level={{ .Values.logLevel }}
env:
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: POD_UID
  valueFrom:
    fieldRef:
      fieldPath: metadata.uid
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- with .Values.extraEnvFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
ports:
- name: http
  containerPort: {{ include "smtp-mirror.port" . }}
  protocol: TCP
{{- with .Values.livenessProbe }}
livenessProbe:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.readinessProbe }}
readinessProbe:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.containerSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumeMounts:
- name: smtp-mirror-config
  mountPath: /etc/smtp-mirror
  readOnly: true
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/*
An element of initContainers: a native sidecar for another chart's Pod. That Pod needs `smtp-mirror.volumes` too, and
runs as the ServiceAccount that the Roles are bound to (serviceAccount.create: false, serviceAccount.name).
It has no startup probe, so nothing waits for it, and its readiness never says anything of Stalwart.
The port's name is another one, since a Pod's main container has most often an "http" of its own.
*/}}
{{- define "smtp-mirror.sidecar" -}}
{{- $container := include "smtp-mirror.container" . | fromYaml -}}
{{- range $container.ports -}}
{{-   $_ := set . "name" "smtp-mirror" -}}
{{- end -}}
{{- range $probe := list "livenessProbe" "readinessProbe" -}}
{{-   $get := (get $container $probe | default dict).httpGet | default dict -}}
{{-   if eq (toString $get.port) "http" -}}
{{-     $_ := set $get "port" "smtp-mirror" -}}
{{-   end -}}
{{- end -}}
{{- $_ := set $container "restartPolicy" "Always" -}}
{{- toYaml (list $container) -}}
{{- end -}}

{{- define "smtp-mirror.volumes" -}}
- name: smtp-mirror-config
  configMap:
    name: {{ include "smtp-mirror.fullname" . }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "smtp-mirror.topologySpread" -}}
{{- $labels := include "smtp-mirror.selectorLabels" . | fromYaml -}}
{{- $all := list -}}
{{- range deepCopy .Values.topologySpreadConstraints -}}
{{-   if not .labelSelector -}}
{{-     $_ := set . "labelSelector" (dict "matchLabels" $labels) -}}
{{-   end -}}
{{-   $all = append $all . -}}
{{- end -}}
{{- toYaml $all -}}
{{- end -}}

{{- define "smtp-mirror.deployment" }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "smtp-mirror.fullname" . }}
  namespace: {{ .Release.Namespace | quote }}
  labels:
    {{- include "smtp-mirror.labels" . | nindent 4 }}
  {{- with .Values.deployment.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  replicas: {{ .Values.replicas }}
  revisionHistoryLimit: {{ .Values.revisionHistoryLimit }}
  {{- with .Values.strategy }}
  strategy:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "smtp-mirror.selectorLabels" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- merge (include "smtp-mirror.selectorLabels" . | fromYaml) (default dict .Values.podLabels) (default dict .Values.commonLabels) | toYaml | nindent 8 }}
      {{- with .Values.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      {{- include "smtp-mirror.podSpec" . | nindent 6 }}
{{- end -}}

{{- define "smtp-mirror.podSpec" -}}
serviceAccountName: {{ include "smtp-mirror.serviceAccountName" . }}
automountServiceAccountToken: true
enableServiceLinks: false
{{- with include "smtp-mirror.pullSecrets" . }}
{{ . }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
{{- with .Values.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
containers:
- {{ include "smtp-mirror.container" . | nindent 2 | trim }}
volumes:
{{ include "smtp-mirror.volumes" . }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if .Values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- include "smtp-mirror.topologySpread" . | nindent 2 }}
{{- end }}
{{- end -}}
