// Kubelet's own look-up of credentials in pull secrets: cases of JSON come in, a line each, and answers go out.
package main

import (
	"bufio"
	"encoding/json"
	"os"

	v1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/credentialprovider"
	"k8s.io/kubernetes/pkg/credentialprovider/secrets"
)

type question struct {
	Configs []string // contents of .dockerconfigjson, of a secret each
	Image   string   // repository, without a tag
}

type answer struct {
	Malformed bool
	Logins    [][2]string
}

func find(asked question) answer {
	found := []v1.Secret{}
	for _, config := range asked.Configs {
		data := map[string][]byte{v1.DockerConfigJsonKey: []byte(config)}
		found = append(found, v1.Secret{Type: v1.SecretTypeDockerConfigJson, Data: data})
	}
	keyring, err := secrets.MakeDockerKeyring(found, &credentialprovider.BasicDockerKeyring{})
	if err != nil {
		return answer{Malformed: true}
	}
	result := answer{Logins: [][2]string{}}
	logins, _ := keyring.Lookup(asked.Image)
	for _, login := range logins {
		result.Logins = append(result.Logins, [2]string{login.Username, login.Password})
	}
	return result
}

func main() {
	klog.SetLogger(klog.Logger{})
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 16*1024*1024)
	output := json.NewEncoder(os.Stdout)
	for input.Scan() {
		var asked question
		if err := json.Unmarshal(input.Bytes(), &asked); err != nil {
			panic(err)
		}
		if err := output.Encode(find(asked)); err != nil {
			panic(err)
		}
	}
}
