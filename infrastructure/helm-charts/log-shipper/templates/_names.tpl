{{- define "log-shipper.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "log-shipper.metadata" -}}
name: {{ .Release.Name }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "log-shipper.selector" . | nindent 2 }}
  app.kubernetes.io/part-of: flowmart
  app.kubernetes.io/managed-by: {{ .Release.Service }}
  helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- /* Where an output sends to, and as whom. */}}
{{- define "log-shipper.server" -}}
host: {{ .Values.server.host }}
port: {{ .Values.server.port }}
tls: {{ .Values.server.tls | ternary "on" "off" }}
tls.verify: on
http_user: ${SEARCH_USERNAME}
http_passwd: ${SEARCH_PASSWORD}
suppress_type_name: on
time_key_nanos: on
{{- end }}

{{- /* While the server is away, nothing is given up; what waits has its limit on the disk. */}}
{{- define "log-shipper.patience" -}}
retry_limit: no_limits
storage.total_limit_size: {{ .Values.waiting }}
trace_error: on
{{- end }}
