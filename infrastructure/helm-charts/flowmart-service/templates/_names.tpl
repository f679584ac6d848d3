{{- define "flowmart-service.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "flowmart-service.labels" -}}
{{ include "flowmart-service.selector" . }}
app.kubernetes.io/part-of: flowmart
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (.Chart.Version | replace "+" "_") }}
{{- end }}

{{- define "flowmart-service.metadata" -}}
name: {{ .Release.Name }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "flowmart-service.labels" . | nindent 2 }}
{{- end }}

{{- define "flowmart-service.tag" -}}
{{ .Values.service.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "flowmart-service.image" -}}
{{- $image := .Values.service.image -}}
{{ $image.registry }}/{{ .Chart.Name }}:{{ include "flowmart-service.tag" . }}{{ with $image.digest }}@{{ . }}{{ end }}
{{- end }}
