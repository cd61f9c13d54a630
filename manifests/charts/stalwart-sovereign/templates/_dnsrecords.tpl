{{/*
The dns-records ConfigMap. What follows from the values is rendered anew; the keys and the state of the DNS are the
controller's, and are taken over from what is there, so that an upgrade blanks nothing. Where the render cannot look,
the controller writes them again within a second.
*/}}
{{- define "stalwart-sovereign.dnsRecords" -}}
{{- $fqdn := include "stalwart-sovereign.fqdn" . -}}
{{- $host := include "stalwart-sovereign.mailHost" . -}}
{{- $name := printf "%s-dns-records-required" (include "stalwart-sovereign.fullname" .) -}}
{{- $there := default dict (lookup "v1" "ConfigMap" .Release.Namespace $name).data -}}
{{- $records := get $there "records.json" | fromJson -}}
{{- if hasKey $records "Error" }}{{ $records = dict }}{{ end -}}
{{- /* What the controller is told, with what lies over this chart's values. */ -}}
{{- $controller := include "stalwart-sovereign.controllerContext" . | fromJson -}}
{{- $dns := default dict (include "smtp-mirror.config" $controller | fromYaml).dns -}}
{{- $policy := default dict $dns.dmarc -}}
{{- $spf := "v=spf1 a mx" -}}
{{- range (default dict $dns.spf).senders -}}
{{-   if regexMatch "^(ip4|ip6|include):" . }}{{ $spf = printf "%s %s" $spf . -}}
{{-   else }}{{ $spf = printf "%s %s:%s" $spf (ternary "ip6" "ip4" (contains ":" .)) . }}{{ end -}}
{{- end -}}
{{- $spf = printf "%s %s" $spf (default "~all" (default dict $dns.spf).policy) -}}
{{- $dmarc := printf "v=DMARC1; p=%s; rua=mailto:%s" (default "quarantine" $policy.policy) (default (printf "postmaster@%s" $fqdn) (trimPrefix "mailto:" (default "" $policy.rua))) -}}
{{- $placeholder := merge (default dict .Values.dns.dkim) (dict "selector" "dkim" "algorithm" "ed25519-sha256") -}}
{{- $dkim := dict "selector" $placeholder.selector "name" (printf "%s._domainkey.%s" $placeholder.selector $fqdn) "algorithm" $placeholder.algorithm "publicKey" "" -}}
{{- $old := default dict $records.dkim -}}
{{- if and $old.publicKey (hasSuffix (printf "._domainkey.%s" $fqdn) (default "" $old.name)) }}{{ $dkim = $old }}{{ end -}}
{{- $static := dict "sovereignFQDN" $fqdn "mailHost" $host
  "mx" (dict "name" $fqdn "value" $host "priority" 10)
  "spf" (dict "name" $fqdn "value" $spf)
  "dmarc" (dict "name" (printf "_dmarc.%s" $fqdn) "value" $dmarc)
  "dkim" $dkim
  "ptr" (default (dict "name" "<LoadBalancer IPv4>" "value" $host) $records.ptr) -}}
{{- $facts := list "sovereignFQDN" "mailHost" "mx" "spf" "dmarc" -}}
{{- $text := $static | toPrettyJson -}}
{{- if $records.dkimKeys -}}
{{-   $text = mergeOverwrite (deepCopy $records) $static | toPrettyJson -}}
{{- end -}}
{{- $same := false -}}
{{- if $records.dkimKeys -}}
{{-   $has := dict -}}
{{-   $wants := dict -}}
{{-   range $facts }}{{ $_ := set $has . (get $records .) }}{{ $_ := set $wants . (get $static .) }}{{ end -}}
{{-   $same = eq (toJson $has) (toJson $wants) -}}
{{- end }}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ $name }}
  namespace: {{ .Release.Namespace | quote }}
  labels:
    {{- include "stalwart-sovereign.labels" . | nindent 4 }}
  annotations:
    helm.sh/resource-policy: keep
data:
  {{- if $same }}
  records.json: {{ get $there "records.json" | quote }}
  README.md: {{ get $there "README.md" | quote }}
  {{- else }}
  records.json: |
    {{- $text | replace "\\u003c" "<" | replace "\\u003e" ">" | nindent 4 }}
  README.md: |
    # DNS records of {{ $fqdn }}

    What the outside must find, so that it takes the mail of {{ $host }}. The controller completes this page with the DKIM
    keys, and with what is published already. `records.json` says the same for programs.

    | name | type | value |
    |---|---|---|
    | {{ $fqdn }} | MX | 10 {{ $host }} |
    | {{ $fqdn }} | TXT | {{ $static.spf.value }} |
    | _dmarc.{{ $fqdn }} | TXT | {{ $dmarc }} |
    | {{ $host }} | A, AAAA | the addresses of the LoadBalancer |
    | the addresses of the LoadBalancer | PTR | {{ $host }} |
  {{- end }}
{{- end -}}
