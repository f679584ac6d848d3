{{- define "flowmart-service.disruption" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "flowmart-service.metadata" . | nindent 2 }}
spec:
  maxUnavailable: {{ .Values.service.disruption.maxUnavailable }}
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "flowmart-service.selector" . | nindent 6 }}
{{- end }}
