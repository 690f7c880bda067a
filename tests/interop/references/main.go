// Program references takes references to images apart as a node does: each line of its input is a text in JSON, and each
// line of its output says what the kubelet's parser (k8s.io/kubernetes/pkg/util/parsers) and containerd's make of it.
package main

import (
	"bufio"
	_ "crypto/sha256" // digests
	_ "crypto/sha512"
	"encoding/json"
	"log"
	"os"

	"github.com/distribution/reference"
)

type parsed struct {
	Name   string `json:"name"`
	Tag    string `json:"tag"`
	Digest string `json:"digest"`
	Error  string `json:"error"`
}

func parse(text string) parsed {
	named, err := reference.ParseNormalizedNamed(text)
	if err != nil {
		return parsed{Error: err.Error()}
	}
	found := parsed{Name: named.Name()}
	if tagged, ok := named.(reference.Tagged); ok {
		found.Tag = tagged.Tag()
	}
	if digested, ok := named.(reference.Digested); ok {
		found.Digest = digested.Digest().String()
	}
	return found
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var text string
		if err := json.Unmarshal(lines.Bytes(), &text); err != nil {
			log.Fatal(err)
		}
		if err := answers.Encode(parse(text)); err != nil {
			log.Fatal(err)
		}
	}
	if err := lines.Err(); err != nil {
		log.Fatal(err)
	}
}
