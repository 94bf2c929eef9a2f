{{- /* Labels of an object: a dict with root, and component where it has one. */}}
{{- define "gazette.labels" -}}
app.kubernetes.io/name: gazette
app.kubernetes.io/part-of: gazette
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{- /* An image by digest where there is one, by its tag otherwise, and by the release's version where there is neither. */}}
{{- define "gazette.image" -}}
{{- if .image.digest -}}
{{ printf "%s@%s" .image.repository .image.digest | quote }}
{{- else -}}
{{ printf "%s:%s" .image.repository (.image.tag | default .root.Chart.AppVersion) | quote }}
{{- end -}}
{{- end }}

{{- /* The settings that are no secrets. Numbers and truth values are text in the environment. */}}
{{- define "gazette.configuration" -}}
{{- range $name, $value := .Values.configuration }}
{{ $name }}: {{ $value | toString | quote }}
{{- end }}
{{- end }}

{{- /* Settings by name out of the Secret: a dict with names (required, optional) and root. */}}
{{- define "gazette.secrets" -}}
{{- range .names.required }}
- {name: {{ . }}, valueFrom: {secretKeyRef: {name: {{ $.root.Values.existingSecret }}, key: {{ . }}}}}
{{- end }}
{{- range .names.optional }}
- {name: {{ . }}, valueFrom: {secretKeyRef: {name: {{ $.root.Values.existingSecret }}, key: {{ . }}, optional: true}}}
{{- end }}
{{- end }}
