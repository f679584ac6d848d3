{{- /* Everything that a service consists of. A service's chart includes this and nothing else. */ -}}
{{- define "flowmart-service.objects" -}}
{{ include "flowmart-service.account" . }}
---
{{ include "flowmart-service.network" . }}
---
{{ include "flowmart-service.service" . }}
---
{{ include "flowmart-service.deployment" . }}
{{- if .Values.service.autoscaling.enabled }}
---
{{ include "flowmart-service.autoscaler" . }}
{{- end }}
{{- if gt (int (include "flowmart-service.pods" .)) 1 }}
---
{{ include "flowmart-service.disruption" . }}
{{- end }}
{{- if .Values.service.ingress.enabled }}
---
{{ include "flowmart-service.ingress" . }}
{{- end }}
---
{{ include "flowmart-service.test" . }}
{{- end }}

{{- define "flowmart-service.pods" -}}
{{- $service := .Values.service -}}
{{ ternary $service.autoscaling.min $service.replicas $service.autoscaling.enabled }}
{{- end }}
