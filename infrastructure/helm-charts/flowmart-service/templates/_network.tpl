{{- define "flowmart-service.network" -}}
{{- $service := .Values.service -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "flowmart-service.metadata" . | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "flowmart-service.selector" . | nindent 6 }}
  policyTypes:
    - Ingress
    - Egress
  ingress:
    - from:
        {{- /* The test pod of this release, and who is named. */}}
        - podSelector:
            matchLabels:
              flowmart.example/tests: {{ .Release.Name }}
        {{- range $service.network.allowFrom }}
        - podSelector:
            matchLabels:
              app.kubernetes.io/name: {{ . }}
        {{- end }}
        {{- if $service.ingress.enabled }}
        {{- range $service.ingress.sources }}
        - ipBlock:
            cidr: {{ . }}
        {{- end }}
        {{- end }}
      ports:
        - port: http
          protocol: TCP
  {{- if or $service.network.allowTo $service.network.external }}
  egress:
    {{- with $service.network.allowTo }}
    - to:
        {{- range . }}
        - podSelector:
            matchLabels:
              app.kubernetes.io/name: {{ . }}
        {{- end }}
      ports:
        - port: http
          protocol: TCP
    {{- end }}
    {{- range $service.network.external }}
    - to:
        - ipBlock:
            cidr: {{ .cidr }}
      ports:
        {{- range .ports }}
        - port: {{ . }}
          protocol: TCP
        {{- end }}
    {{- end }}
  {{- end }}
{{- end }}
