{{- /* All parts are alike: (dict "root" $ "part" "worker" "port" 8080 ...) goes in. */}}
{{- define "flowmart.labels" -}}
app.kubernetes.io/name: flowmart
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "flowmart.metadata" -}}
name: {{ .root.Release.Name }}-{{ .part }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "flowmart.labels" . | nindent 2 }}
  app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
  app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- end }}

{{- define "flowmart.image" -}}
{{ .Values.image.repository }}@{{ required "image.digest: name the image by digest, sha256:..." .Values.image.digest }}
{{- end }}

{{- define "flowmart.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "flowmart.mounts" -}}
- {name: home, mountPath: /var/lib/flowmart}
- {name: tmp, mountPath: /tmp}
{{- if .root.Values.platform.credentialsSecret }}
- {name: git, mountPath: /var/lib/flowmart/.netrc, subPath: netrc, readOnly: true}
{{- end }}
{{- end }}

{{- define "flowmart.secretVariable" -}}
- name: {{ .variable }}
  valueFrom:
    secretKeyRef:
      name: {{ .from.name }}
      key: {{ .from.key }}
{{- end }}

{{- define "flowmart.variables" -}}
{{- $values := .root.Values -}}
- {name: FLOWMART_PLATFORM, value: {{ $values.platform.name | quote }}}
{{ include "flowmart.secretVariable" (dict "variable" "PREFECT_API_AUTH_STRING" "from" $values.prefect.authSecret) }}
{{- with $values.prefect.url }}
- {name: FLOWMART_SERVER_URL, value: {{ . | quote }}}
{{- end }}
{{- if eq .part "server" }}
{{ include "flowmart.secretVariable" (dict "variable" "FLOWMART_SERVER_DATABASE" "from" $values.database.secret) }}
{{- else }}
- {name: PREFECT_API_URL, value: "http://{{ .root.Release.Name }}-server:4200/api"}
- {name: FLOWMART_STORE, value: {{ required "store.address: set it to s3://bucket or s3://bucket/prefix" $values.store.address | quote }}}
- {name: AWS_REGION, value: {{ $values.store.region | quote }}}
- {name: FLOWMART_SERVER_LIMIT, value: {{ $values.workers.limit | quote }}}
{{- if and (eq .part "worker") $values.workers.kubeconfigSecret }}
- {name: KUBECONFIG, value: /etc/flowmart/kubeconfig/config}
{{- end }}
{{- if eq .part "receiver" }}
{{ include "flowmart.secretVariable" (dict "variable" "FLOWMART_GITHUB_WEBHOOK_SECRET" "from" $values.receiver.webhookSecret) }}
- {name: FLOWMART_GITHUB_INBOX, value: /var/lib/inbox/inbox.sqlite}
{{- end }}
{{- range $name, $value := $values.env }}
- {name: {{ $name }}, value: {{ $value | toString | quote }}}
{{- end }}
{{- range $name, $from := $values.secretEnv }}
{{ include "flowmart.secretVariable" (dict "variable" $name "from" $from) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "flowmart.clone" -}}
name: clone
image: {{ include "flowmart.image" .root | quote }}
{{- /* A node that restarts runs this again, and the folder outlives that. */}}
command: [sh, -c, 'rm -rf platform && exec git clone --quiet --branch "$1" "$2" platform', clone]
args: [{{ .root.Values.platform.branch | quote }}, {{ .root.Values.platform.repository | quote }}]
securityContext:
  {{- include "flowmart.containerSecurity" . | nindent 2 }}
resources: {requests: {cpu: 50m, memory: 64Mi}, limits: {memory: 512Mi}}
volumeMounts:
  {{- include "flowmart.mounts" . | nindent 2 }}
{{- end }}

{{- define "flowmart.refresh" -}}
name: refresh
image: {{ include "flowmart.image" .root | quote }}
command: [sh, -c, "while sleep {{ .root.Values.registrar.refresh }}; do git -C platform pull --quiet --ff-only; done"]
securityContext:
  {{- include "flowmart.containerSecurity" . | nindent 2 }}
resources: {requests: {cpu: 10m, memory: 32Mi}, limits: {memory: 512Mi}}
volumeMounts:
  {{- include "flowmart.mounts" . | nindent 2 }}
{{- end }}

{{- define "flowmart.container" -}}
name: {{ .part }}
image: {{ include "flowmart.image" .root | quote }}
args: [server, run, {{ .part }}, --host, 0.0.0.0{{ if .port }}, --port, {{ .port | quote }}{{ end }}]
env:
  {{- include "flowmart.variables" . | nindent 2 }}
{{- if .port }}
ports:
  - {name: http, containerPort: {{ .port }}, protocol: TCP}
startupProbe:
  httpGet: {path: {{ .health }}, port: http}
  periodSeconds: 5
  failureThreshold: 60
readinessProbe:
  httpGet: {path: {{ .health }}, port: http}
  periodSeconds: 10
  timeoutSeconds: 5
{{- if .restarts }}
livenessProbe:
  httpGet: {path: {{ .health }}, port: http}
  periodSeconds: 30
  timeoutSeconds: 10
  failureThreshold: 5
{{- end }}
{{- else }}
readinessProbe:
  exec: {command: [flowmart, server, probe]}
  initialDelaySeconds: 20
  periodSeconds: 60
  timeoutSeconds: 20
{{- end }}
resources:
  {{- toYaml .resources | nindent 2 }}
securityContext:
  {{- include "flowmart.containerSecurity" . | nindent 2 }}
volumeMounts:
  {{- include "flowmart.mounts" . | nindent 2 }}
  {{- if eq .part "receiver" }}
  - {name: inbox, mountPath: /var/lib/inbox}
  {{- end }}
  {{- if and (eq .part "worker") .root.Values.workers.kubeconfigSecret }}
  - {name: kubeconfig, mountPath: /etc/flowmart/kubeconfig, readOnly: true}
  {{- end }}
{{- end }}

{{- define "flowmart.deployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "flowmart.metadata" . | nindent 2 }}
spec:
  replicas: {{ .replicas | default 1 }}
  revisionHistoryLimit: 3
  {{- if not .several }}
  {{- /* Two of these at once would do the same work twice, or share a volume. */}}
  strategy: {type: Recreate}
  {{- end }}
  selector:
    matchLabels:
      {{- include "flowmart.labels" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "flowmart.labels" . | nindent 8 }}
        app.kubernetes.io/part-of: flowmart
    spec:
      serviceAccountName: {{ .root.Release.Name }}-{{ .part }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      {{- with .root.Values.priorityClass }}
      priorityClassName: {{ . }}
      {{- end }}
      terminationGracePeriodSeconds: {{ .grace | default 60 }}
      securityContext:
        runAsNonRoot: true
        runAsUser: 10001
        runAsGroup: 10001
        fsGroup: 10001
        seccompProfile: {type: RuntimeDefault}
      {{- if ne .part "server" }}
      initContainers:
        - {{ include "flowmart.clone" . | nindent 10 | trim }}
      {{- end }}
      containers:
        - {{ include "flowmart.container" . | nindent 10 | trim }}
        {{- if eq .part "registrar" }}
        - {{ include "flowmart.refresh" . | nindent 10 | trim }}
        {{- end }}
      volumes:
        - {name: home, emptyDir: {sizeLimit: 2Gi}}
        - {name: tmp, emptyDir: {sizeLimit: 8Gi}}
        {{- with .root.Values.platform.credentialsSecret }}
        - {name: git, secret: {secretName: {{ . }}, defaultMode: 0440}}
        {{- end }}
        {{- if and (eq .part "worker") .root.Values.workers.kubeconfigSecret }}
        - {name: kubeconfig, secret: {secretName: {{ .root.Values.workers.kubeconfigSecret }}, defaultMode: 0440}}
        {{- end }}
        {{- if eq .part "receiver" }}
        - {name: inbox, persistentVolumeClaim: {claimName: {{ .root.Values.receiver.claim }}}}
        {{- end }}
{{- end }}

{{- define "flowmart.account" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "flowmart.metadata" . | nindent 2 }}
  {{- with (get .root.Values.serviceAccounts .part | default dict).annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
{{- end }}

{{- define "flowmart.service" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "flowmart.metadata" . | nindent 2 }}
spec:
  selector:
    {{- include "flowmart.labels" . | nindent 4 }}
  ports:
    - {name: http, port: {{ .port }}, targetPort: http, protocol: TCP}
{{- end }}

{{- define "flowmart.network" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "flowmart.metadata" . | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "flowmart.labels" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  {{- if or .served (eq .part "server") }}
  ingress:
    - ports:
        - {port: {{ .port }}, protocol: TCP}
      from:
        - podSelector:
            matchLabels:
              app.kubernetes.io/name: flowmart
              app.kubernetes.io/instance: {{ .root.Release.Name }}
        {{- with .root.Values.network.allowFrom }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  {{- end }}
  egress:
    - ports:
        - {port: 53, protocol: UDP}
        - {port: 53, protocol: TCP}
    {{- if eq .part "server" }}
    - ports:
        - {port: {{ .root.Values.database.port }}, protocol: TCP}
    {{- else }}
    - ports:
        - {port: 4200, protocol: TCP}
      to:
        - podSelector:
            matchLabels:
              app.kubernetes.io/name: flowmart
              app.kubernetes.io/instance: {{ .root.Release.Name }}
              app.kubernetes.io/component: server
    - ports:
        {{- range .root.Values.network.egressPorts }}
        - {port: {{ . }}, protocol: TCP}
        {{- end }}
    {{- end }}
{{- end }}

{{- define "flowmart.part" -}}
{{ include "flowmart.account" . }}
---
{{ include "flowmart.deployment" . }}
---
{{ include "flowmart.network" . }}
{{- if .served }}
---
{{ include "flowmart.service" . }}
{{- end }}
{{- end }}
