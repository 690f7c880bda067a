{{- define "admission.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "admission.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains (include "admission.name" .) .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "admission.name" .) | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "admission.selector" -}}
app.kubernetes.io/name: {{ include "admission.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "admission.labels" -}}
{{ include "admission.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: admission
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (replace "+" "_" .Chart.Version) }}
{{- end -}}

{{- define "admission.serviceAccount" -}}
{{- default (include "admission.fullname" .) .Values.serviceAccount.name -}}
{{- end -}}

{{- define "admission.image" -}}
{{- $repository := required "image.repository: name the repository that the image of the Dockerfile was pushed to" .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{/* Secret of the server's certificate. */}}
{{- define "admission.certificate" -}}
{{- default (printf "%s-tls" (include "admission.fullname" .)) .Values.certificate.secretName -}}
{{- end -}}

{{/* File of the policy folder, of its name and content: what is given as an object is written as JSON. */}}
{{- define "admission.json" -}}
{{- $content := last . -}}
{{- if not (kindIs "string" $content) -}}
{{- toPrettyJson $content -}}
{{- else -}}
{{- with get (fromJson $content) "Error" }}{{ fail (printf "policy: %s is no JSON object: %s" (first $) .) }}{{ end -}}
{{- $content -}}
{{- end -}}
{{- end -}}

{{/* Key of a certificate in the ConfigMap. No part of it has two dots, so no two certificates have one key. */}}
{{- define "admission.storeKey" -}}
{{- join ".." . -}}
{{- end -}}

{{/* ConfigMap of the CAs of registries, if any. */}}
{{- define "admission.registryCA" -}}
{{- if and .Values.registries.caBundle .Values.registries.caConfigMap -}}
{{- fail "registries: set caBundle or caConfigMap, not both" -}}
{{- end -}}
{{- if .Values.registries.caBundle }}{{ include "admission.fullname" . }}-registry-ca{{ else }}{{ .Values.registries.caConfigMap }}{{ end -}}
{{- end -}}

{{/* Secret of Gatekeeper's CA, if any. */}}
{{- define "admission.clientCA" -}}
{{- if and .Values.gatekeeper.clientCA .Values.gatekeeper.clientCASecret -}}
{{- fail "gatekeeper: set clientCA or clientCASecret, not both" -}}
{{- end -}}
{{- if .Values.gatekeeper.clientCA }}{{ include "admission.fullname" . }}-client-ca{{ else }}{{ .Values.gatekeeper.clientCASecret }}{{ end -}}
{{- end -}}
