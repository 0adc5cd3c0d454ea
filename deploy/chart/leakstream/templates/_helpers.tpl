{{- define "leakstream.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "leakstream.labels" -}}
app.kubernetes.io/name: leakstream
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "leakstream.selector" -}}
app.kubernetes.io/name: leakstream
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .stage }}
{{- end -}}

{{/* The port of a stage's /metrics and health. */}}
{{- define "leakstream.port" -}}
{{- get (dict "collect" 8688 "match" 8689 "alert" 8690) . -}}
{{- end -}}

{{/* "true" where a stage listens on 8686: alert with console and API, collect with ingest. Takes root and stage. */}}
{{- define "leakstream.web" -}}
{{- $config := fromToml .root.Values.config -}}
{{- if or (eq .stage "alert") (and (eq .stage "collect") (hasKey ($config.sources | default dict) "ingest")) -}}true{{- end -}}
{{- end -}}

{{/* Refuses what the service could not refuse by itself before it has done harm. */}}
{{- define "leakstream.check" -}}
{{- $config := fromToml .Values.config -}}
{{- if $config.Error -}}
{{- fail (printf "config is not valid TOML: %s" $config.Error) -}}
{{- end -}}
{{- if ne "kafka" (dig "bus" "kind" "" $config) -}}
{{- fail "config: [bus] kind must be \"kafka\": the embedded bus is for one host, and these are pods of several" -}}
{{- end -}}
{{- $store := $config.store | default dict -}}
{{- if and (gt (int .Values.alert.replicas) 1) (not (or $store.url $store.url_file)) -}}
{{- fail "alert.replicas above 1 needs [store] url or url_file: each copy would have a store of its own, and page what the other knows already" -}}
{{- end -}}
{{- if and (gt (int .Values.collect.replicas) 1) (omit ($config.sources | default dict) "ingest") -}}
{{- fail "collect.replicas above 1 is for [sources.ingest] alone: every copy would read the other sources again, out of the same budgets" -}}
{{- end -}}
{{- end -}}
