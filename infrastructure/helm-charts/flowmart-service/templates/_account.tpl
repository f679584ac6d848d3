{{- define "flowmart-service.account" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "flowmart-service.metadata" . | nindent 2 }}
  {{- with .Values.service.serviceAccount.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: {{ .Values.service.serviceAccount.token }}
{{- end }}
