{{- define "flowmart-service.container" -}}
{{- $service := .Values.service -}}
name: {{ .Chart.Name }}
image: {{ include "flowmart-service.image" . | quote }}
imagePullPolicy: {{ $service.image.pullPolicy }}
ports:
  - name: http
    containerPort: {{ $service.port }}
    protocol: TCP
env:
  - name: PORT
    value: {{ $service.port | quote }}
  {{- range $name, $value := $service.env }}
  - name: {{ $name }}
    value: {{ $value | toString | quote }}
  {{- end }}
  {{- range $name, $from := $service.secretEnv }}
  - name: {{ $name }}
    valueFrom:
      secretKeyRef:
        name: {{ $from.secret }}
        key: {{ $from.key }}
  {{- end }}
{{- with $service.configMaps }}
envFrom:
  {{- range . }}
  - configMapRef:
      name: {{ . }}
  {{- end }}
{{- end }}
resources:
  {{- toYaml $service.resources | nindent 2 }}
securityContext:
  {{- include "flowmart-service.containerSecurity" . | nindent 2 }}
startupProbe:
  httpGet:
    path: {{ $service.probes.live }}
    port: http
  periodSeconds: 2
  failureThreshold: {{ max 1 (div $service.probes.startup 2) }}
livenessProbe:
  httpGet:
    path: {{ $service.probes.live }}
    port: http
  periodSeconds: 10
  timeoutSeconds: 2
readinessProbe:
  httpGet:
    path: {{ $service.probes.ready }}
    port: http
  periodSeconds: 5
  timeoutSeconds: 2
lifecycle:
  preStop:
    {{- /* The endpoints are taken away while this lasts, so that nobody sends a request to a program that stops. */}}
    sleep:
      seconds: {{ $service.termination.drain }}
volumeMounts:
  {{- range $place, $folder := $service.writable }}
  - name: writable-{{ $place }}
    mountPath: {{ $folder.path }}
  {{- end }}
{{- end }}
