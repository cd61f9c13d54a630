{{/*
The NetworkPolicy: what the configuration needs, and the lists of the values.
*/}}

{{/* An egress rule for an address host:port: (list address (list protocols)). Only an IP bounds the host. */}}
{{- define "smtp-mirror.egress" -}}
{{- $address := index . 0 -}}
{{- $port := regexFind "[0-9]+$" $address | default "53" -}}
{{- $host := regexReplaceAll ":[^:\\]]*$" $address "" | trimPrefix "[" | trimSuffix "]" -}}
- ports:
  {{- range index . 1 }}
  - {port: {{ $port }}, protocol: {{ . }}}
  {{- end }}
  {{- if regexMatch "^[0-9]+([.][0-9]+){3}$" $host }}
  to:
  - ipBlock: {cidr: {{ $host }}/32}
  {{- else if contains ":" $host }}
  to:
  - ipBlock: {cidr: {{ printf "%s/128" $host | quote }}}
  {{- end }}
{{ end -}}

{{/* A label selector in the words of kubectl, as an object. */}}
{{- define "smtp-mirror.selector" -}}
{{- $labels := dict -}}
{{- $expressions := list -}}
{{- range regexFindAll "([^,(]|\\([^)]*\\))+" . -1 -}}
{{-   $term := trim . -}}
{{-   if regexMatch "^!" $term -}}
{{-     $expressions = append $expressions (dict "key" (trimPrefix "!" $term | trim) "operator" "DoesNotExist") -}}
{{-   else if regexMatch "\\)$" $term -}}
{{-     $key := regexFind "^[^ ]+" $term -}}
{{-     $values := list -}}
{{-     range splitList "," (regexFind "\\(.*\\)$" $term | trimAll "()") }}{{ $values = append $values (trim .) }}{{ end -}}
{{-     $expressions = append $expressions (dict "key" $key "operator" (regexMatch "^[^ ]+ +notin" $term | ternary "NotIn" "In") "values" $values) -}}
{{-   else if contains "!=" $term -}}
{{-     $pair := splitList "!=" $term -}}
{{-     $expressions = append $expressions (dict "key" (index $pair 0 | trim) "operator" "NotIn" "values" (list (index $pair 1 | trim))) -}}
{{-   else if contains "=" $term -}}
{{-     $pair := regexSplit "==?" $term 2 -}}
{{-     $_ := set $labels (index $pair 0 | trim) (index $pair 1 | trim) -}}
{{-   else -}}
{{-     $expressions = append $expressions (dict "key" $term "operator" "Exists") -}}
{{-   end -}}
{{- end -}}
{{- $selector := dict -}}
{{- with $labels }}{{ $_ := set $selector "matchLabels" . }}{{ end -}}
{{- with $expressions }}{{ $_ := set $selector "matchExpressions" . }}{{ end -}}
{{- toYaml $selector -}}
{{- end -}}

{{/* Stalwart's Pods, as a peer. */}}
{{- define "smtp-mirror.stalwartPeer" -}}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ .namespace }}
  podSelector:
    {{- include "smtp-mirror.selector" .podSelector | nindent 4 }}
{{- end -}}

{{/* Where the login is tried, each address once: (list context configuration). */}}
{{- define "smtp-mirror.egress.probes" -}}
{{- $addresses := list -}}
{{- $context := index . 0 -}}
{{- range (index . 1).submissions -}}
{{-   if .probe.address -}}
{{-     $addresses = append $addresses .probe.address -}}
{{-   else -}}
{{-     range $context.Values.networkPolicy.submissionPorts -}}
{{-       $addresses = append $addresses (printf ":%v" .) -}}
{{-     end -}}
{{-   end -}}
{{- end -}}
{{- range $addresses | uniq -}}
{{ include "smtp-mirror.egress" (list . (list "TCP")) }}
{{- end -}}
{{- end -}}

{{/* The management API, where it is not a Service of this cluster. */}}
{{- define "smtp-mirror.egress.api" -}}
{{- $url := urlParse . -}}
{{- if not (regexMatch "(^[^.:]+|[.]svc|[.]svc[.].*)(:[0-9]+)?$" $url.host) -}}
{{-   $port := eq $url.scheme "https" | ternary ":443" ":80" -}}
{{-   include "smtp-mirror.egress" (list (regexMatch ":[0-9]+$" $url.host | ternary $url.host (print $url.host $port)) (list "TCP")) -}}
{{- end -}}
{{- end -}}

{{/* What is asked, and told, of the public DNS. */}}
{{- define "smtp-mirror.egress.outside" -}}
{{- $both := list "UDP" "TCP" -}}
{{- if .dns.look -}}
{{-   $servers := list ":53" -}}
{{-   range concat (default list .dns.servers) (list .dns.recursive) | compact -}}
{{-     if not (hasSuffix ":53" .) }}{{ $servers = append $servers . }}{{ end -}}
{{-   end -}}
{{-   range $servers | uniq }}{{ include "smtp-mirror.egress" (list . $both) }}{{ end -}}
{{- end -}}
{{- if .dns.publish.rfc2136.enabled }}{{ include "smtp-mirror.egress" (list .dns.publish.rfc2136.server $both) }}{{ end -}}
{{- with .dns.publish.hetznerPTR -}}
{{-   if .enabled -}}
{{-     $url := urlParse (default "https://api.hetzner.cloud" .endpoint) -}}
{{-     $port := eq $url.scheme "http" | ternary ":80" ":443" -}}
{{-     include "smtp-mirror.egress" (list (regexMatch ":[0-9]+$" $url.host | ternary $url.host (print $url.host $port)) (list "TCP")) -}}
{{-   end -}}
{{- end -}}
{{- end -}}

{{- define "smtp-mirror.networkPolicy" }}
{{- $c := include "smtp-mirror.effective" . | fromYaml }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "smtp-mirror.meta" . | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "smtp-mirror.selectorLabels" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
  {{- if or .Values.networkPolicy.metricsFrom $c.webhook.enabled }}
  - from:
    {{- with .Values.networkPolicy.metricsFrom }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- if $c.webhook.enabled }}
    {{- include "smtp-mirror.stalwartPeer" $c.stalwart | nindent 4 }}
    {{- end }}
    ports:
    - {port: {{ include "smtp-mirror.port" . }}, protocol: TCP}
  {{- end }}
  {{- with .Values.networkPolicy.extraIngress }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  egress:
  {{- with .Values.networkPolicy.apiServer }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- with .Values.networkPolicy.clusterDNS }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  - to: # every port of the mail server that is administered
    {{- include "smtp-mirror.stalwartPeer" $c.stalwart | nindent 4 }}
  {{- range $part := list (include "smtp-mirror.egress.api" $c.stalwart.url) (include "smtp-mirror.egress.probes" (list . $c)) (include "smtp-mirror.egress.outside" $c) }}
  {{- with trim $part }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- end }}
  {{- with .Values.networkPolicy.extraEgress }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}
