#!/bin/sh
# An admission webhook that cannot answer sends an HTTP error; most web frameworks put the reason into its body as text/plain.
#
# Seen with k8s.io/client-go 0.36.3, whose REST client the API server posts to webhooks with (k8s.io/apiserver, pkg/util/webhook), the body
# being "too many images" each time: what is left of it in the error, which whoever made the object reads
#   text/plain               kept with 403 and 500; gone with 400, 404, 408, 413, 429 and 503: 400 is "the server rejected our request
#                            for an unknown reason", 413 "the request is too large"
#   JSON, a Status of v1     kept with all of them
# Expected: the text kept with all of them, or with none.
#
# Ends with 0 while this is so. Needs go 1.26 or later.
set -eu
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
cat > go.mod <<'EOF'
module asks

go 1.26.0

require (
	k8s.io/apimachinery v0.36.3
	k8s.io/client-go v0.36.3
)
EOF
cat > main.go <<'EOF'
package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
)

const reason = "too many images"

func main() {
	for _, kind := range []string{"text/plain", "application/json"} {
		for _, code := range []int{400, 403, 404, 408, 413, 429, 500, 503} {
			message := told(kind, code)
			fmt.Printf("%s %d: %t\n", kind, code, strings.Contains(message, reason))
		}
	}
	fmt.Println(told("text/plain", 400))
}

func told(kind string, code int) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(code)
		if kind == "text/plain" {
			fmt.Fprint(w, reason)
			return
		}
		fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","message":%q,"code":%d}`, reason, code)
	}))
	defer server.Close()
	config := &rest.Config{Host: server.URL, APIPath: "/"}
	config.GroupVersion = &schema.GroupVersion{}
	config.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	client, err := rest.UnversionedRESTClientFor(config)
	if err != nil {
		panic(err)
	}
	return client.Post().AbsPath("/").Body([]byte("{}")).Do(context.Background()).Error().Error()
}
EOF
CGO_ENABLED=0 GOFLAGS=-mod=mod GOTOOLCHAIN=local go mod tidy > log 2>&1 || { cat log >&2; exit 1; }
CGO_ENABLED=0 GOFLAGS=-mod=mod GOTOOLCHAIN=local go run . > told 2> log || { cat log >&2; exit 1; }
cat told
cat > wanted <<'EOF'
text/plain 400: false
text/plain 403: true
text/plain 404: false
text/plain 408: false
text/plain 413: false
text/plain 429: false
text/plain 500: true
text/plain 503: false
application/json 400: true
application/json 403: true
application/json 404: true
application/json 408: true
application/json 413: true
application/json 429: true
application/json 500: true
application/json 503: true
the server rejected our request for an unknown reason
EOF
cmp told wanted || { echo "no longer so" >&2; exit 1; }
