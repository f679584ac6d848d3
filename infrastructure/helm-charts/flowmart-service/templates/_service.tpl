{{- define "flowmart-service.service" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "flowmart-service.metadata" . | nindent 2 }}
spec:
  type: ClusterIP
  selector:
    {{- include "flowmart-service.selector" . | nindent 4 }}
  ports:
    - name: http
      port: {{ .Values.service.servicePort }}
      targetPort: http
      protocol: TCP
{{- end }}
