{{/* What is gone, or cannot work, is said before anything is rendered. */}}
{{- define "stalwart-sovereign.checks" -}}
{{- range list "stalwart" "persistence" "admin" "smtp" "dns" "service" "dnsRecords" "certificate" "sovereignSMTPCredentialsMirror" "serviceAccount" "networkPolicy" "serviceMonitor" "test" "controller" "smtp-mirror" -}}
{{-   if not (kindIs "map" (get $.Values .)) }}{{ fail (printf "%s: is null, and the chart needs what is in it; null is for values inside" .) }}{{ end -}}
{{- end -}}
{{- range $section, $keys := dict "stalwart" (list "image" "store" "probes") "dns" (list "spf" "dmarc") "service" (list "mail") "persistence" (list "spool") "smtp-mirror" (list "image" "networkPolicy" "service") -}}
{{-   range $keys }}{{ if not (kindIs "map" (get (get $.Values $section) .)) }}{{ fail (printf "%s.%s: is null, and the chart needs what is in it" $section .) }}{{ end }}{{ end -}}
{{- end -}}
{{- $gone := dict
  "setupJob" "the setup Job is gone: the controller does what it was meant to do, and goes on doing it. Remove setupJob.* from your values (docs/migrate-from-setup-job.md)" -}}
{{- range $key, $why := $gone -}}
{{-   if and (hasKey $.Values $key) (not (kindIs "invalid" (get $.Values $key))) }}{{ fail (printf "%s: %s" $key $why) }}{{ end -}}
{{- end -}}
{{- if hasKey .Values.stalwart "config" }}{{ fail "stalwart.config: Stalwart 0.16 reads no config.toml; its settings are in its store, and stalwart.listeners, logLevel, webUI, pyzor and store say what the first start finds" }}{{ end -}}
{{- if ne .Values.admin.username (lower .Values.admin.username) }}{{ fail "admin.username: must be in lower case, Stalwart compares it with a login that it has made so" }}{{ end -}}
{{- if and (gt (int .Values.stalwart.replicas) 1) (has (get .Values.stalwart.store "@type") (list "RocksDb" "Sqlite")) }}{{ fail "stalwart.replicas: more than one Pod needs a stalwart.store that several processes share, and RocksDb and Sqlite are none" }}{{ end -}}
{{- $image := .Values.stalwart.image -}}
{{- if and $image.tag (ne $image.tag .Chart.AppVersion) (eq (default "" $image.digest) (include "stalwart-sovereign.defaultDigest" .)) }}{{ fail (printf "stalwart.image.tag: %s, but stalwart.image.digest is still that of %s, and the digest wins; name its digest, or set it to \"\"" $image.tag .Chart.AppVersion) }}{{ end -}}
{{- $names := list -}}
{{- range .Values.stalwart.listeners -}}
{{-   if has .name $names }}{{ fail (printf "stalwart.listeners: two are called %s" .name) }}{{ end -}}
{{-   $names = append $names .name -}}
{{- end -}}
{{- range list "submission" "http" -}}
{{-   if not (has . $names) }}{{ fail (printf "stalwart.listeners: none is called %s, and the probes and the controller need it" .) }}{{ end -}}
{{- end -}}
{{- range $kind, $probe := .Values.stalwart.probes -}}
{{-   $ways := list -}}
{{-   range list "exec" "httpGet" "tcpSocket" "grpc" }}{{ if get (default dict $probe) . }}{{ $ways = append $ways . }}{{ end }}{{ end -}}
{{-   if gt (len $ways) 1 }}{{ fail (printf "stalwart.probes.%s: has %s, and a probe has one of them" $kind (join " and " $ways)) }}{{ end -}}
{{- end -}}
{{- if index .Values "smtp-mirror" "enabled" }}{{ fail "smtp-mirror.enabled: stays false, this chart renders the controller itself; controller.enabled switches it" }}{{ end -}}
{{- end -}}
