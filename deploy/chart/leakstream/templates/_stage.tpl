{{/* One stage as a StatefulSet. Takes root and stage. Mounts lie beside each other, never in each other: a folder cannot be made in one that is read-only. */}}
{{- define "leakstream.stage" -}}
{{- $root := .root -}}
{{- $stage := .stage -}}
{{- $values := index $root.Values $stage -}}
{{- $web := include "leakstream.web" . -}}
{{- $keeps := ne $stage "match" -}}
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ include "leakstream.name" $root }}-{{ $stage }}
  labels:
    {{- include "leakstream.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ $stage }}
spec:
  {{- if not (kindIs "invalid" $values.replicas) }}
  replicas: {{ $values.replicas }}
  {{- end }}
  serviceName: {{ include "leakstream.name" $root }}-{{ $stage }}
  podManagementPolicy: Parallel
  selector:
    matchLabels:
      {{- include "leakstream.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "leakstream.labels" $root | nindent 8 }}
        app.kubernetes.io/component: {{ $stage }}
      annotations:
        leakstream/config: {{ $root.Values.config | sha256sum }}
        {{- with $values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      automountServiceAccountToken: false
      serviceAccountName: {{ include "leakstream.name" $root }}
      # the variables of a service named leakstream-… would be read as settings
      enableServiceLinks: false
      terminationGracePeriodSeconds: 60  # what is under way is finished
      securityContext:
        runAsNonRoot: true
        runAsUser: 10001
        runAsGroup: 10001
        fsGroup: 10001
        fsGroupChangePolicy: OnRootMismatch  # the state folder stays closed to the group
        seccompProfile: {type: RuntimeDefault}
      {{- with $root.Values.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      {{- with $root.Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      containers:
        - name: {{ $stage }}
          {{- with $root.Values.image }}
          image: "{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $root.Chart.AppVersion }}{{ end }}"
          imagePullPolicy: {{ .pullPolicy }}
          {{- end }}
          args: [{{ $stage }}, -c, /etc/leakstream/leakstream.toml]
          env:
            # a pod's name lasts through its restarts: its partitions wait for it instead of moving
            - name: LEAKSTREAM_BUS__KAFKA__INSTANCE
              valueFrom: {fieldRef: {fieldPath: metadata.name}}
            - {name: LEAKSTREAM_BUS__KAFKA__CREATE_TOPICS, value: {{ eq $stage "collect" | quote }}}
            - {name: LEAKSTREAM_STATE, value: /var/lib/leakstream/state}
            - {name: LEAKSTREAM_KEY_FILE, value: /run/secrets/leakstream/fingerprint.key}
            - {name: LEAKSTREAM_METRICS__HOST, value: "0.0.0.0"}
            {{- if $web }}
            - {name: LEAKSTREAM_WEB__HOST, value: "0.0.0.0"}
            - {name: LEAKSTREAM_WEB__TOKEN_FILE, value: /run/secrets/leakstream/web_token}
            {{- end }}
            {{- with $values.env }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          ports:
            - {name: metrics, containerPort: {{ include "leakstream.port" $stage }}}
            {{- if $web }}
            - {name: web, containerPort: 8686}
            {{- end }}
          startupProbe:
            httpGet: {path: /healthz, port: metrics}
            periodSeconds: 2
            failureThreshold: 60
          livenessProbe:
            httpGet: {path: /healthz, port: metrics}
            periodSeconds: 15
            timeoutSeconds: 5
            failureThreshold: 4
          readinessProbe:
            httpGet: {path: /readyz, port: metrics}
            periodSeconds: 10
            timeoutSeconds: 5
          resources:
            {{- toYaml $values.resources | nindent 12 }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {drop: [ALL]}
          volumeMounts:
            - {name: config, mountPath: /etc/leakstream, readOnly: true}
            - {name: state, mountPath: /var/lib/leakstream}
            - {name: tmp, mountPath: /tmp}
            - {name: keys, mountPath: /run/secrets/leakstream, readOnly: true}
            {{- range $name, $_ := $values.secrets }}
            - {name: secret-{{ $name }}, mountPath: /run/secrets/{{ $name }}, readOnly: true}
            {{- end }}
      volumes:
        - name: config
          configMap: {name: {{ include "leakstream.name" $root }}}
        - name: tmp
          emptyDir: {medium: Memory, sizeLimit: 256Mi}
        - name: keys
          projected:
            defaultMode: 0440  # root's, readable by the group of this pod alone
            sources:
              {{- include "leakstream.key" (list $root "fingerprintKey" "fingerprint.key") | nindent 14 }}
              {{- if $web }}
              {{- include "leakstream.key" (list $root "webToken" "web_token") | nindent 14 }}
              {{- end }}
              {{- if eq $stage "alert" }}
              {{- include "leakstream.key" (list $root "ledgerKey" "ledger.key") | nindent 14 }}
              {{- end }}
        {{- range $name, $secret := $values.secrets }}
        - name: secret-{{ $name }}
          secret: {secretName: {{ $secret }}, defaultMode: 0440}
        {{- end }}
        {{- if not $keeps }}
        - name: state
          emptyDir: {medium: Memory, sizeLimit: 256Mi}  # it keeps nothing
        {{- end }}
      {{- with $values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $values.affinity }}
      affinity:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      topologySpreadConstraints:
        {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
        - maxSkew: 1
          topologyKey: {{ . }}
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "leakstream.selector" $ | nindent 14 }}
        {{- end }}
  {{- if $keeps }}
  volumeClaimTemplates:
    - metadata: {name: state}
      spec:
        accessModes: [ReadWriteOnce]
        {{- with $values.storage.className }}
        storageClassName: {{ . }}
        {{- end }}
        resources: {requests: {storage: {{ $values.storage.size }}}}
  {{- end }}
{{- end -}}

{{/* One file of a secret that the user made. Takes the root, the name of the value and the file's name. */}}
{{- define "leakstream.key" -}}
{{- $value := index (first .).Values (index . 1) -}}
- secret:
    name: {{ required (printf "%s.secret names the Secret that you made" (index . 1)) $value.secret }}
    items: [{key: {{ $value.key }}, path: {{ last . }}}]
{{- end -}}
