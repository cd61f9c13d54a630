{{/*
SOURCE wins: the credentials of a consumer, each field by itself.
  1. the mirror, under its canonical key (smtp-host, smtp-port, smtp-from, smtp-user, smtp-pass); for the user and the
     password else under its legacy key (user, password);
  2. else what the rendered Secret (the target) holds already, so that a mirror that is gone takes nothing away;
  3. else, for host, port and from, the defaults; user and password are empty.
An empty string counts as absent, in every place.

Every template takes one dict:
  root       the context ($)
  mirror     {namespace, name} of the mirror; default catalyst-system/sovereign-smtp-credentials
  target     {namespace, name, keys} of the rendered Secret. keys renames its keys: {host, port, from, user, password}
  defaults   {host, port, from}

Whoever installs must be allowed to get both Secrets. Where nobody answers lookup (helm template, Argo CD), only the
defaults are left: let such a consumer read the mirror itself instead of a Secret that is rendered from it.
*/}}

{{- define "smtp-credentials.keys" -}}
{{- $keys := dict "host" "smtp-host" "port" "smtp-port" "from" "smtp-from" "user" "smtp-user" "password" "smtp-pass" -}}
{{- toYaml (mergeOverwrite $keys (default dict (default dict .target).keys)) -}}
{{- end -}}

{{/* The five fields in base64, byte for byte as they were found, as YAML: {host, port, from, user, password}. */}}
{{- define "smtp-credentials.encoded" -}}
{{- $mirror := default dict .mirror -}}
{{- $target := default dict .target -}}
{{- $canonical := include "smtp-credentials.keys" dict | fromYaml -}}
{{- $legacy := dict "user" "user" "password" "password" -}}
{{- $keys := include "smtp-credentials.keys" . | fromYaml -}}
{{- $source := (lookup "v1" "Secret" (default "catalyst-system" $mirror.namespace) (default "sovereign-smtp-credentials" $mirror.name)).data | default dict -}}
{{- $existing := (lookup "v1" "Secret" (default .root.Release.Namespace $target.namespace) (required "smtp-credentials: target.name is missing" $target.name)).data | default dict -}}
{{- $defaults := default dict .defaults -}}
{{- range $field := list "host" "port" "from" "user" "password" }}
{{- $found := get $source (get $canonical $field) -}}
{{- if hasKey $legacy $field }}{{ $found = $found | default (get $source (get $legacy $field)) }}{{ end -}}
{{- $found = $found | default (get $existing (get $keys $field)) -}}
{{- if not (hasKey $legacy $field) }}{{ $found = $found | default (get $defaults $field | toString | b64enc) }}{{ end }}
{{ $field }}: {{ default "" $found | quote }}
{{- end }}
{{- end -}}

{{/* The same as text, for whoever needs to know the host. */}}
{{- define "smtp-credentials.fields" -}}
{{- range $field, $value := include "smtp-credentials.encoded" . | fromYaml }}
{{ $field }}: {{ $value | b64dec | quote }}
{{- end }}
{{- end -}}

{{/* The lines under data: of the target. */}}
{{- define "smtp-credentials.data" -}}
{{- $keys := include "smtp-credentials.keys" . | fromYaml -}}
{{- range $field, $value := include "smtp-credentials.encoded" . | fromYaml }}
{{ get $keys $field }}: {{ $value | quote }}
{{- end }}
{{- end -}}

{{/*
A value for an annotation of the Pod template: another one whenever one of the fields is, so that Pods roll then, and
only then. An annotation is public, so the password goes through scrypt first: nobody can try passwords quickly.
Name the same workload not also under consumers: of smtp-mirror, or it rolls twice; a HelmRelease that renders it is
the right consumer.
*/}}
{{- define "smtp-credentials.checksum" -}}
{{- $f := include "smtp-credentials.encoded" . | fromYaml -}}
{{- $slow := derivePassword 1 "maximum" $f.password (default .root.Release.Namespace .target.namespace) .target.name -}}
{{- printf "%s|%s|%s|%s|%s" $f.host $f.port $f.from $f.user $slow | sha256sum -}}
{{- end -}}

{{/* The whole target. labels and annotations of the dict are added. */}}
{{- define "smtp-credentials.secret" -}}
apiVersion: v1
kind: Secret
metadata:
  name: {{ .target.name }}
  namespace: {{ default .root.Release.Namespace .target.namespace }}
  {{- with .labels }}
  labels:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
type: Opaque
data:
  {{- include "smtp-credentials.data" . | trim | nindent 2 }}
{{- end -}}
