{{/*
The configuration. It goes to the program verbatim; the program fills in defaults. Templates need to know
some of these defaults too, for the rights and for the NetworkPolicy: they are here, once, and a test compares
them with the program's.
*/}}

{{/* Renders the strings of a value that are templates: (dict "value" any "root" context), in place. */}}
{{- define "smtp-mirror.evaluate" -}}
{{- if kindIs "map" .value -}}
{{-   $map := dict -}}
{{-   range $key, $one := .value -}}
{{-     $part := dict "value" $one "root" $.root -}}
{{-     include "smtp-mirror.evaluate" $part -}}
{{-     $_ := set $map $key $part.value -}}
{{-   end -}}
{{-   $_ := set . "value" $map -}}
{{- else if kindIs "slice" .value -}}
{{-   $list := list -}}
{{-   range $one := .value -}}
{{-     $part := dict "value" $one "root" $.root -}}
{{-     include "smtp-mirror.evaluate" $part -}}
{{-     $list = append $list $part.value -}}
{{-   end -}}
{{-   $_ := set . "value" $list -}}
{{- else if kindIs "string" .value -}}
{{-   if contains "{{" .value -}}
{{-     $_ := set . "value" (tpl .value .root) -}}
{{-   end -}}
{{- end -}}
{{- end -}}

{{/* The configuration as the program reads it. */}}
{{- define "smtp-mirror.config" -}}
{{- $config := dict "value" (deepCopy (default dict .Values.config)) "root" . -}}
{{- include "smtp-mirror.evaluate" $config -}}
{{- if not $config.value.domain -}}
{{-   $_ := set $config.value "domain" (default "" (default dict .Values.global).sovereignFQDN) -}}
{{- end -}}
{{- toYaml $config.value -}}
{{- end -}}

{{/*
"true" where there is something to render. Without a domain there is nothing to do; that is a mistake, except
under a parent chart that knows global.sovereignFQDN and has not been told it.
*/}}
{{- define "smtp-mirror.renders" -}}
{{- if (include "smtp-mirror.config" . | fromYaml).domain -}}
{{-   include "smtp-mirror.needs" (include "smtp-mirror.effective" . | fromYaml) -}}
true
{{- else if not (hasKey (default dict .Values.global) "sovereignFQDN") -}}
{{- fail "config.domain is missing: the domain that mail is sent for, like example.org" -}}
{{- end -}}
{{- end -}}

{{/* What a feature that is on cannot do without, said before the program says it. */}}
{{- define "smtp-mirror.needs" -}}
{{- range $feature := list
      (dict "name" "dns.publish.rfc2136" "given" .dns.publish.rfc2136 "keys" (list "server" "zone" "tsigSecret"))
      (dict "name" "dns.publish.hetznerPTR" "given" .dns.publish.hetznerPTR "keys" (list "tokenSecret"))
      (dict "name" "webhook" "given" .webhook "keys" (list "url")) -}}
{{-   range $key := $feature.keys -}}
{{-     if and $feature.given.enabled (not (get $feature.given $key)) }}{{ fail (printf "config.%s.%s is missing, and config.%s is enabled" $feature.name $key $feature.name) }}{{ end -}}
{{-   end -}}
{{- end -}}
{{- end -}}

{{/* Lays one map over another, in place: (dict "on" map "with" map). null says nothing, "" and false do. */}}
{{- define "smtp-mirror.overlay" -}}
{{- range $key, $value := .with -}}
{{-   if and (kindIs "map" $value) (kindIs "map" (get $.on $key)) -}}
{{-     include "smtp-mirror.overlay" (dict "on" (get $.on $key) "with" $value) -}}
{{-   else if not (kindIs "invalid" $value) -}}
{{-     $_ := set $.on $key $value -}}
{{-   end -}}
{{- end -}}
{{- end -}}

{{- define "smtp-mirror.defaults" -}}
stalwart:
  url: http://stalwart-sovereign-http.stalwart-sovereign.svc.cluster.local:8080
  namespace: stalwart-sovereign
  adminSecret: stalwart-sovereign-admin
  apiKeySecret: smtp-mirror-stalwart-api
  podSelector: app.kubernetes.io/name=bp-stalwart-sovereign
  restart: {enabled: false, kind: StatefulSet, name: stalwart-sovereign}
dnsRecords: {namespace: stalwart-sovereign, name: stalwart-sovereign-dns-records-required}
dkim:
  manage: observe
  import: false
  backup: {secret: smtp-mirror-dkim}
dns:
  look: true
  service: {namespace: stalwart-sovereign, name: stalwart-sovereign-mail}
  servers: []
  recursive: ""
  publish:
    externalDNS: {enabled: false, namespace: ""}
    rfc2136: {enabled: false, server: "", tsigSecret: ""}
    hetznerPTR: {enabled: false, endpoint: "", tokenSecret: ""}
tls: {secret: ""}
webhook: {enabled: false, secret: smtp-mirror-webhook}
http: {address: ":9090"}
leaderElection: {enabled: true, namespace: stalwart-sovereign, name: smtp-mirror}
resync: 5m0s
{{- end -}}

{{/* What the templates need of the effective configuration, as YAML. */}}
{{- define "smtp-mirror.effective" -}}
{{- $c := include "smtp-mirror.defaults" . | fromYaml -}}
{{- include "smtp-mirror.overlay" (dict "on" $c "with" (include "smtp-mirror.config" . | fromYaml)) -}}
{{- if not $c.dns.publish.externalDNS.namespace -}}
{{-   $_ := set $c.dns.publish.externalDNS "namespace" $c.stalwart.namespace -}}
{{- end -}}
{{- $submissions := list -}}
{{- range ternary (get $c "submissions") (list dict) (hasKey $c "submissions") -}}
{{-   $submissions = append $submissions (include "smtp-mirror.submission" (default dict .) | fromYaml) -}}
{{- end -}}
{{- $_ := set $c "submissions" $submissions -}}
{{- toYaml $c -}}
{{- end -}}

{{/* One submission. An empty string in a list's element is filled in, as the program does it. */}}
{{- define "smtp-mirror.submission" -}}
{{- $name := default "console" .name -}}
{{- $gate := default "login" .gate -}}
{{- $overlap := (default dict .rotation).overlap -}}
{{- if kindIs "invalid" $overlap -}}
{{-   $overlap = ternary "0s" "30m" (eq $gate "none") -}}
{{- end -}}
{{- $mirrors := list -}}
{{- $consumers := list -}}
{{- range kindIs "invalid" .mirrors | ternary (list dict) .mirrors -}}
{{-   $mirror := include "smtp-mirror.mirror" (default dict .) | fromYaml -}}
{{-   $mirrors = append $mirrors $mirror -}}
{{-   $consumers = concat $consumers $mirror.consumers -}}
{{- end -}}
name: {{ $name | quote }}
secret: {{ default "stalwart-sovereign-submission" .secret | quote }}
gate: {{ $gate | quote }}
probe:
  address: {{ default "" (default dict .probe).address | quote }}
stateSecret: {{ default (printf "smtp-mirror-%s" $name) .stateSecret | quote }}
rotation:
  writeSource: {{ default false (default dict .rotation).writeSource }}
{{/* Whether generations are kept: an overlap that is more than nothing, or an issued credential, or a consumer. */}}
rotates: {{ or (regexMatch "[1-9]" $overlap) (eq (default "source" .credentials) "issued") (gt (len $consumers) 0) }}
consumers:
  {{- toYaml $consumers | nindent 2 }}
mirrors:
  {{- toYaml $mirrors | nindent 2 }}
{{- end -}}

{{- define "smtp-mirror.mirror" -}}
{{- $fallback := default dict .fallback -}}
{{- $consumers := list -}}
{{- range default list .consumers -}}
{{-   $consumer := default dict . -}}
{{-   $via := default dict $consumer.via -}}
{{-   $consumers = append $consumers (dict "kind" (default "Deployment" $consumer.kind) "namespace" $consumer.namespace "name" $consumer.name
        "via" (dict "name" (default "" $via.name) "namespace" ($via.namespace | default (ternary $consumer.namespace "" (not (empty $via.name)))))) -}}
{{- end -}}
namespace: {{ default "catalyst-system" .namespace | quote }}
name: {{ default "sovereign-smtp-credentials" .name | quote }}
fallback:
  enabled: {{ default false $fallback.enabled }}
  secret: {{ default "sovereign-smtp-credentials-phase1" $fallback.secret | quote }}
consumers:
  {{- toYaml $consumers | nindent 2 }}
{{- end -}}

{{/* The port that the program listens on. */}}
{{- define "smtp-mirror.port" -}}
{{- regexFind "[0-9]+$" (include "smtp-mirror.effective" . | fromYaml).http.address -}}
{{- end -}}

{{/* A duration in Go's notation, in whole seconds. */}}
{{- define "smtp-mirror.seconds" -}}
{{- $units := dict "h" 3600.0 "m" 60.0 "s" 1.0 "ms" 0.001 -}}
{{- $total := 0.0 -}}
{{- range regexFindAll "[0-9.]+(ms|h|m|s)" . -1 -}}
{{-   $total = addf $total (mulf (regexFind "^[0-9.]+" . | float64) (get $units (regexFind "[a-z]+$" .))) -}}
{{- end -}}
{{- $total | ceil | int -}}
{{- end -}}
