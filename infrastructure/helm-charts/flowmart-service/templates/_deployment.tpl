{{- define "flowmart-service.deployment" -}}
{{- $service := .Values.service -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "flowmart-service.metadata" . | nindent 2 }}
    app.kubernetes.io/version: {{ include "flowmart-service.tag" . | quote }}
spec:
  {{- /* With an autoscaler the number of pods is its business: a number here would fight it at every upgrade. */}}
  {{- if not $service.autoscaling.enabled }}
  replicas: {{ $service.replicas }}
  {{- end }}
  revisionHistoryLimit: 3
  progressDeadlineSeconds: {{ add $service.probes.startup 30 }}
  selector:
    matchLabels:
      {{- include "flowmart-service.selector" . | nindent 6 }}
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxUnavailable: 0
      maxSurge: 1
  template:
    metadata:
      labels:
        {{- include "flowmart-service.selector" . | nindent 8 }}
        app.kubernetes.io/part-of: flowmart
    spec:
      serviceAccountName: {{ .Release.Name }}
      automountServiceAccountToken: {{ $service.serviceAccount.token }}
      enableServiceLinks: false
      priorityClassName: {{ $service.priorityClass }}
      terminationGracePeriodSeconds: {{ $service.termination.grace }}
      securityContext:
        {{- include "flowmart-service.podSecurity" . | nindent 8 }}
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: topology.kubernetes.io/zone
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "flowmart-service.selector" . | nindent 14 }}
      containers:
        - {{ include "flowmart-service.container" . | nindent 10 | trim }}
      volumes:
        {{- range $place, $folder := $service.writable }}
        - name: writable-{{ $place }}
          emptyDir:
            sizeLimit: {{ $folder.limit }}
        {{- end }}
{{- end }}

{{- define "flowmart-service.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "flowmart-service.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop:
    - ALL
{{- end }}
