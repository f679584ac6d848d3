{{- /* `helm test RELEASE`: a pod of its own asks the service, through the network policy, whether it is ready. */ -}}
{{- define "flowmart-service.test" -}}
{{- $service := .Values.service -}}
apiVersion: v1
kind: Pod
metadata:
  name: {{ .Release.Name }}-test
  namespace: {{ .Release.Namespace }}
  labels:
    app.kubernetes.io/part-of: flowmart
    flowmart.example/tests: {{ .Release.Name }}
  annotations:
    helm.sh/hook: test
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
spec:
  restartPolicy: Never
  automountServiceAccountToken: false
  priorityClassName: {{ $service.priorityClass }}
  securityContext:
    {{- include "flowmart-service.podSecurity" . | nindent 4 }}
  containers:
    - name: ask
      image: {{ $service.test.image | quote }}
      command:
        - wget
        - --quiet
        - --output-document=-
        - --timeout=5
        - http://{{ .Release.Name }}:{{ $service.servicePort }}{{ $service.probes.ready }}
      resources:
        requests:
          cpu: 10m
          memory: 16Mi
        limits:
          memory: 32Mi
      securityContext:
        {{- include "flowmart-service.containerSecurity" . | nindent 8 }}
{{- end }}
