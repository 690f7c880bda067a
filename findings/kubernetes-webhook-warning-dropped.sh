#!/bin/sh
# An admission webhook may answer with warnings, which the API server hands to the client as Warning headers (Kubernetes, "Dynamic Admission
# Control", "Response"). The page tells of long ones, which are cut; JSON strings may hold a tab or a line feed.
#
# Seen with k8s.io/apiserver 0.36.3, its recorder of warnings behind an HTTP server:
#   "signed by acme"            299 - "signed by acme"
#   "not signed:\tr.test/web"   no header, no error, nothing in the log
# Expected: the character escaped or replaced, or at least a line in the API server's log.
#
# Ends with 0 while this is so. Needs go 1.26 or later.
set -eu
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
cat > go.mod <<'EOF'
module asks

go 1.26.0

require k8s.io/apiserver v0.36.3
EOF
cat > main.go <<'EOF'
package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"k8s.io/apiserver/pkg/endpoints/filters"
	"k8s.io/apiserver/pkg/warning"
)

func main() {
	for _, text := range []string{"signed by acme", "not signed:\tr.test/web"} {
		answer := func(w http.ResponseWriter, r *http.Request) {
			warning.AddWarning(r.Context(), "", text)
			w.WriteHeader(http.StatusCreated)
		}
		server := httptest.NewServer(filters.WithWarningRecorder(http.HandlerFunc(answer)))
		response, err := http.Get(server.URL)
		if err != nil {
			panic(err)
		}
		fmt.Printf("%q: %d %q\n", text, response.StatusCode, response.Header.Values("Warning"))
		server.Close()
	}
}
EOF
CGO_ENABLED=0 GOFLAGS=-mod=mod GOTOOLCHAIN=local go mod tidy > log 2>&1 || { cat log >&2; exit 1; }
CGO_ENABLED=0 GOFLAGS=-mod=mod GOTOOLCHAIN=local go run . > told 2> log || { cat log >&2; exit 1; }
cat told
cat > wanted <<'EOF'
"signed by acme": 201 ["299 - \"signed by acme\""]
"not signed:\tr.test/web": 201 []
EOF
cmp told wanted || { echo "no longer so" >&2; exit 1; }
if grep -v "^go: downloading " log >&2; then echo "there is a log" >&2; exit 1; fi
