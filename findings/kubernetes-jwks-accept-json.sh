#!/bin/sh
# Kubernetes' API server publishes what its service accounts' tokens are verified by: the discovery document and the JSON Web Key Set. Of KEP
# 1393's "Goals": "common libraries that authenticate OIDC tokens should be able to authenticate KSA tokens"; the answers are "designed to be OIDC
# compatible" (Kubernetes, "Configure Service Accounts for Pods", "Service account issuer discovery"). A key set is a JSON object (RFC 7517,
# section 5), and OpenID Connect Discovery 1.0, section 3, names no media type for what is at `jwks_uri`.
#
# Seen on 2026-11-29 with Kubernetes 1.36.3: its two routes in the handler of k8s.io/apiserver, by what the client accepts:
#                                  /.well-known/openid-configuration  /openid/v1/jwks
#   no Accept                      200 application/json               200 application/jwk-set+json
#   application/json               200 application/json               406, "Available representations: application/jwk-set+json"
#   both, or any after JSON        200 application/json               200 application/jwk-set+json
# Expected: the key set for clients that ask for JSON. RFC 9110, section 12.5.1, allows 406 as well as answering as if there were no Accept;
# but there are clients that ask for both documents with the same header (cloudfoundry/uaa was changed for it, pull request 3365).
#
# Ends with 0 while this is so. Needs go 1.26 or later; three minutes of compiling on two cores.
set -eu
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
cat > go.mod <<'EOF'
module asks

go 1.26.0

require (
	k8s.io/apiserver v0.36.3
	k8s.io/client-go v0.36.3
	k8s.io/kubernetes v1.36.3
)
EOF
# What k8s.io/kubernetes replaces by folders of its own, as it is published; replacements of a required module do not count.
for name in api apiextensions-apiserver apimachinery apiserver cli-runtime client-go cloud-provider cluster-bootstrap code-generator component-base \
    component-helpers controller-manager cri-api cri-client cri-streaming csi-translation-lib dynamic-resource-allocation endpointslice externaljwt \
    kms kube-aggregator kube-controller-manager kube-proxy kube-scheduler kubectl kubelet metrics mount-utils pod-security-admission \
    sample-apiserver sample-cli-plugin sample-controller streaming; do
    echo "replace k8s.io/$name => k8s.io/$name v0.36.3" >> go.mod
done
cat > main.go <<'EOF'
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"

	"k8s.io/apiserver/pkg/server"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/kubernetes/pkg/routes"
	"k8s.io/kubernetes/pkg/serviceaccount"
)

func main() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	good(err)
	keys, err := serviceaccount.StaticPublicKeysGetter([]any{&key.PublicKey})
	good(err)
	metadata, err := serviceaccount.NewOpenIDMetadataProvider("https://cluster.test", "", "cluster.test", keys)
	good(err)
	handler := server.NewAPIServerHandler("asked", scheme.Codecs, func(inner http.Handler) http.Handler { return inner }, nil)
	routes.NewOpenIDMetadataServer(metadata).Install(handler.GoRestfulContainer)
	served := httptest.NewServer(handler)
	defer served.Close()

	for _, path := range []string{serviceaccount.OpenIDConfigPath, serviceaccount.JWKSPath} {
		for _, accept := range []string{"", "application/json", "application/json, application/jwk-set+json", "application/json, */*;q=0.5"} {
			request, err := http.NewRequest("GET", served.URL+path, nil)
			good(err)
			if accept != "" {
				request.Header.Set("Accept", accept)
			}
			answer, err := http.DefaultClient.Do(request)
			good(err)
			var body struct {
				Issuer  string
				Keys    []any
				Message string
			}
			good(json.NewDecoder(answer.Body).Decode(&body))
			answer.Body.Close()
			fmt.Printf("%s %q: %d %s", path, accept, answer.StatusCode, answer.Header.Get("Content-Type"))
			fmt.Printf(" issuer %q, keys %d, message %q\n", body.Issuer, len(body.Keys), body.Message)
		}
	}
}

func good(err error) {
	if err != nil {
		panic(err)
	}
}
EOF
CGO_ENABLED=0 GOFLAGS=-mod=mod GOTOOLCHAIN=local go mod tidy > log 2>&1 || { cat log >&2; exit 1; }
CGO_ENABLED=0 GOFLAGS=-mod=mod GOTOOLCHAIN=local go run . > told 2> log || { cat log >&2; exit 1; }
cat told
cat > wanted <<'EOF'
/.well-known/openid-configuration "": 200 application/json issuer "https://cluster.test", keys 0, message ""
/.well-known/openid-configuration "application/json": 200 application/json issuer "https://cluster.test", keys 0, message ""
/.well-known/openid-configuration "application/json, application/jwk-set+json": 200 application/json issuer "https://cluster.test", keys 0, message ""
/.well-known/openid-configuration "application/json, */*;q=0.5": 200 application/json issuer "https://cluster.test", keys 0, message ""
/openid/v1/jwks "": 200 application/jwk-set+json issuer "", keys 1, message ""
/openid/v1/jwks "application/json": 406 application/json issuer "", keys 0, message "406: Not Acceptable\n\nAvailable representations: application/jwk-set+json"
/openid/v1/jwks "application/json, application/jwk-set+json": 200 application/jwk-set+json issuer "", keys 1, message ""
/openid/v1/jwks "application/json, */*;q=0.5": 200 application/jwk-set+json issuer "", keys 1, message ""
EOF
cmp told wanted || { echo "no longer so" >&2; exit 1; }
