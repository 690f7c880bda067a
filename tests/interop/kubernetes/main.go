// Program kubernetes decodes a file of manifests as strictly as the API server does, and writes them as JSON, one a
// line; for a Job or Deployment, it says first what the Pod Security Standard "restricted" forbids of it.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	strict "sigs.k8s.io/yaml"
)

// kinds are the types that the manifests may have, by kind and API version.
var kinds = map[string]func() any{
	"v1 ConfigMap":                                    func() any { return new(corev1.ConfigMap) },
	"v1 Namespace":                                    func() any { return new(corev1.Namespace) },
	"v1 PersistentVolumeClaim":                        func() any { return new(corev1.PersistentVolumeClaim) },
	"v1 Secret":                                       func() any { return new(corev1.Secret) },
	"v1 Service":                                      func() any { return new(corev1.Service) },
	"v1 ServiceAccount":                               func() any { return new(corev1.ServiceAccount) },
	"apps/v1 Deployment":                              func() any { return new(appsv1.Deployment) },
	"autoscaling/v2 HorizontalPodAutoscaler":          func() any { return new(autoscalingv2.HorizontalPodAutoscaler) },
	"batch/v1 Job":                                    func() any { return new(batchv1.Job) },
	"networking.k8s.io/v1 NetworkPolicy":              func() any { return new(networkingv1.NetworkPolicy) },
	"policy/v1 PodDisruptionBudget":                   func() any { return new(policyv1.PodDisruptionBudget) },
	"rbac.authorization.k8s.io/v1 ClusterRole":        func() any { return new(rbacv1.ClusterRole) },
	"rbac.authorization.k8s.io/v1 ClusterRoleBinding": func() any { return new(rbacv1.ClusterRoleBinding) },
	"rbac.authorization.k8s.io/v1 Role":               func() any { return new(rbacv1.Role) },
	"rbac.authorization.k8s.io/v1 RoleBinding":        func() any { return new(rbacv1.RoleBinding) },
	"admissionregistration.k8s.io/v1 MutatingWebhookConfiguration":   func() any { return new(admissionv1.MutatingWebhookConfiguration) },
	"admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration": func() any { return new(admissionv1.ValidatingWebhookConfiguration) },
	// Their types are in modules that would bring much else: these are decoded without them.
	"apiextensions.k8s.io/v1 CustomResourceDefinition": func() any { return new(map[string]any) },
	"cert-manager.io/v1 Certificate":                   func() any { return new(map[string]any) },
	"cert-manager.io/v1 Issuer":                        func() any { return new(map[string]any) },
	"monitoring.coreos.com/v1 ServiceMonitor":          func() any { return new(map[string]any) },
}

// manifest is a line of the output.
type manifest struct {
	Object    any    `json:"object"`
	Forbidden string `json:"forbidden"`
}

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	documents := yaml.NewYAMLReader(bufio.NewReader(file))
	for {
		text, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		decoded, err := decode(text)
		if err != nil {
			return err
		}
		if err := json.NewEncoder(os.Stdout).Encode(decoded); err != nil {
			return err
		}
	}
}

func decode(text []byte) (manifest, error) {
	var head struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	if err := strict.Unmarshal(text, &head); err != nil {
		return manifest{}, err
	}
	kind := head.APIVersion + " " + head.Kind
	if kinds[kind] == nil {
		return manifest{}, fmt.Errorf("unexpected kind %q", kind)
	}
	object := kinds[kind]()
	if err := strict.UnmarshalStrict(text, object); err != nil {
		return manifest{}, fmt.Errorf("%s: %w", kind, err)
	}
	template := templateOf(object)
	if template == nil {
		return manifest{Object: object}, nil
	}
	forbidden, err := forbidden(template)
	return manifest{Object: object, Forbidden: forbidden}, err
}

func templateOf(object any) *corev1.PodTemplateSpec {
	switch typed := object.(type) {
	case *appsv1.Deployment:
		return &typed.Spec.Template
	case *batchv1.Job:
		return &typed.Spec.Template
	}
	return nil
}

// forbidden asks the Pod Security admission itself, at its latest version.
func forbidden(template *corev1.PodTemplateSpec) (string, error) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks())
	if err != nil {
		return "", err
	}
	level := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	result := policy.AggregateCheckResults(evaluator.EvaluatePod(level, &template.ObjectMeta, &template.Spec))
	if result.Allowed {
		return "", nil
	}
	return result.ForbiddenDetail(), nil
}
