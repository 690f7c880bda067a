#!/bin/sh
# Kyverno's policies in CEL have `http.Get` and `http.Post`, and `http.Client(caBundle)` for servers whose CA is a private one
# (Kyverno, "CEL Libraries", HTTP library: `http.Client("-----BEGIN CERTIFICATE-----…").Get(url)`).
#
# Seen with github.com/kyverno/sdk v0.0.0-20260825082632-68d74afcb07a, which Kyverno 1.19.1 has its library from:
#   http.Get(url)                answers
#   http.Client(ca).Get(url)     compiles, and fails when it is evaluated: no such overload
# Expected: an answer. What http.Client returns is not of the type that Get and Post take, so no policy in CEL can call a server whose CA
# is not among those of Kyverno's system.
#
# Ends with 0 while this is so. Needs go 1.26 or later.
set -eu
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
cat > go.mod <<'EOF'
module asks

go 1.26.0

require github.com/kyverno/sdk v0.0.0-20260825082632-68d74afcb07a
EOF
cat > main.go <<'EOF'
package main

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/google/cel-go/cel"
	kyvernohttp "github.com/kyverno/sdk/extensions/cel/libs/http"
)

func main() {
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"good": true}`) })
	plain, secure := httptest.NewServer(answer), httptest.NewTLSServer(answer)
	defer plain.Close()
	defer secure.Close()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
	library := kyvernohttp.Context{ContextInterface: kyvernohttp.NewHTTP()}
	env, err := cel.NewEnv(kyvernohttp.Lib(library, kyvernohttp.Latest()))
	if err != nil {
		panic(err)
	}
	for name, expression := range map[string]string{
		"1. http.Get":        fmt.Sprintf("http.Get(%q)", plain.URL),
		"2. http.Client.Get": fmt.Sprintf("http.Client(%q).Get(%q)", ca, secure.URL),
	} {
		compiled, issues := env.Compile(expression)
		if issues.Err() != nil {
			panic(issues.Err())
		}
		program, err := env.Program(compiled)
		if err != nil {
			panic(err)
		}
		found, _, err := program.Eval(map[string]any{"http": library})
		if err != nil {
			fmt.Println(name, "fails:", err)
			continue
		}
		fmt.Println(name, "answers:", found.Value())
	}
}
EOF
CGO_ENABLED=0 GOFLAGS=-mod=mod GOTOOLCHAIN=local go mod tidy > log 2>&1 || { cat log >&2; exit 1; }
CGO_ENABLED=0 GOFLAGS=-mod=mod GOTOOLCHAIN=local go run . 2> log | sort > told || { cat log >&2; exit 1; }
cat told
cat > wanted <<'EOF'
1. http.Get answers: map[good:true statusCode:200]
2. http.Client.Get fails: no such overload: Get(http.contextImpl, string)
EOF
cmp told wanted || { echo "no longer so" >&2; exit 1; }
