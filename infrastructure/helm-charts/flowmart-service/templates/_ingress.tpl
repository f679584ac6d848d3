{{- define "flowmart-service.ingress" -}}
{{- $ingress := .Values.service.ingress -}}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  {{- include "flowmart-service.metadata" . | nindent 2 }}
  {{- with $ingress.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  ingressClassName: {{ $ingress.className }}
  rules:
    - host: {{ $ingress.host }}
      http:
        paths:
          - path: {{ $ingress.path }}
            pathType: Prefix
            backend:
              service:
                name: {{ .Release.Name }}
                port:
                  name: http
  {{- with $ingress.tlsSecret }}
  tls:
    - hosts:
        - {{ $ingress.host }}
      secretName: {{ . }}
  {{- end }}
{{- end }}
