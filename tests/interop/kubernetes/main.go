// Program kubernetes decodes a file of manifests as strictly as the API server does, and writes them as JSON, one a
// line; for a Job, it says first what the Pod Security Standard "restricted" forbids of it.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	strict "sigs.k8s.io/yaml"
)

// kinds are the types that the manifests may have, by kind and API version.
var kinds = map[string]func() any{
	"v1 Namespace":             func() any { return new(corev1.Namespace) },
	"v1 PersistentVolumeClaim": func() any { return new(corev1.PersistentVolumeClaim) },
	"batch/v1 Job":             func() any { return new(batchv1.Job) },
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
	job, isJob := object.(*batchv1.Job)
	if !isJob {
		return manifest{Object: object}, nil
	}
	forbidden, err := forbidden(&job.Spec.Template)
	return manifest{Object: object, Forbidden: forbidden}, err
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
