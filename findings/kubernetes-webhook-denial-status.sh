#!/bin/sh
# An admission webhook denies with `allowed: false`; `status` with a code and a message is optional ("the webhook can customize the http code and
# message returned to the user using the status field", Kubernetes, "Dynamic Admission Control"). The page's example of a status has code 403, and
# what the built-in admission plugins refuse is 403 Forbidden.
#
# Seen with k8s.io/apiserver 0.36.3, the function that makes the client's error of a webhook's status:
#   no status                            400, no reason, "admission webhook "w.test" denied the request without explanation"
#   message alone                        400, no reason
#   code 200 with a message              400, no reason
#   code 403 and a message               403, no reason: a client that looks at the reason does not see that it is Forbidden
#   code 403, reason Forbidden, message  403, Forbidden
# Expected: 403 Forbidden where the webhook does not say otherwise.
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
	k8s.io/apiserver v0.36.3
)
EOF
cat > main.go <<'EOF'
package main

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/errors"
)

func main() {
	for _, status := range []*metav1.Status{
		nil,
		{Message: "no signature"},
		{Code: 200, Message: "no signature"},
		{Code: 403, Message: "no signature"},
		{Code: 403, Reason: metav1.StatusReasonForbidden, Message: "no signature"},
	} {
		found := errors.ToStatusErr("w.test", status).ErrStatus
		fmt.Printf("%d %q %s\n", found.Code, found.Reason, found.Message)
	}
}
EOF
CGO_ENABLED=0 GOFLAGS=-mod=mod GOTOOLCHAIN=local go mod tidy > log 2>&1 || { cat log >&2; exit 1; }
CGO_ENABLED=0 GOFLAGS=-mod=mod GOTOOLCHAIN=local go run . > told 2> log || { cat log >&2; exit 1; }
cat told
cat > wanted <<'EOF'
400 "" admission webhook "w.test" denied the request without explanation
400 "" admission webhook "w.test" denied the request: no signature
400 "" admission webhook "w.test" denied the request: no signature
403 "" admission webhook "w.test" denied the request: no signature
403 "Forbidden" admission webhook "w.test" denied the request: no signature
EOF
cmp told wanted || { echo "no longer so" >&2; exit 1; }
