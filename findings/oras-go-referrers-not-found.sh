#!/bin/sh
# A registry of before the referrers API answers its path with 404, and the code in the answer's body is whatever its router says of
# paths that it does not know; NAME_UNKNOWN is one of them. distribution-spec 1.1, "Listing Referrers": at a 404 "the client MUST
# fallback to pulling the referrers tag schema".
#
# Seen with oras-go 2.6.0 (what notation 1.3 lists signatures with) and go-containerregistry 0.20.6 (crane), with one referrer under
# the tag:
#   404, 404 with UNSUPPORTED:  both find it
#   404 with NAME_UNKNOWN:      oras fails, crane finds it
#   400, 405, 406:              oras fails; crane finds it at 400 and 406, and fails at 405
# Expected: found at each 404. An artifact that notation has signed there (the push lists it under the tag without asking) cannot be
# verified there by notation.
#
# Ends with 0 while this is so. Needs go 1.24 or later.
set -eu
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
cat > go.mod <<'EOF'
module looks

go 1.24.0

require (
	github.com/google/go-containerregistry v0.20.6
	oras.land/oras-go/v2 v2.6.0
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

	"github.com/google/go-containerregistry/pkg/name"
	crane "github.com/google/go-containerregistry/pkg/v1/remote"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	oras "oras.land/oras-go/v2/registry/remote"
)

const (
	subject = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	index   = `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[` +
		`{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"` + subject + `","size":7,"artifactType":"application/x"}]}`
)

func main() {
	for _, answer := range []string{"404", "404 UNSUPPORTED", "404 NAME_UNKNOWN", "400", "405", "406"} {
		status, code := 0, ""
		fmt.Sscan(answer, &status, &code)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path == "/v2/":
			case strings.Contains(r.URL.Path, "/referrers/"):
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(status)
				if code != "" {
					fmt.Fprintf(w, `{"errors":[{"code":%q}]}`, code)
				}
			default:
				w.Header().Set("Content-Type", ocispec.MediaTypeImageIndex)
				w.Write([]byte(index))
			}
		}))
		host := strings.TrimPrefix(server.URL, "http://")

		repository, err := oras.NewRepository(host + "/hello")
		if err != nil {
			panic(err)
		}
		repository.PlainHTTP = true
		found := 0
		err = repository.Referrers(context.Background(), ocispec.Descriptor{Digest: subject}, "", func(list []ocispec.Descriptor) error {
			found += len(list)
			return nil
		})
		fmt.Println(answer, "oras:", said(found, err))

		digest, err := name.NewDigest(host + "/hello@" + subject)
		if err != nil {
			panic(err)
		}
		found = 0
		list, err := crane.Referrers(digest)
		if err == nil {
			manifest, _ := list.IndexManifest()
			found = len(manifest.Manifests)
		}
		fmt.Println(answer, "crane:", said(found, err))
		server.Close()
	}
}

func said(found int, err error) string {
	if err != nil {
		return "fails"
	}
	return fmt.Sprint("finds ", found)
}
EOF
CGO_ENABLED=0 GOFLAGS=-mod=mod GOTOOLCHAIN=local go run . > told
cat told
cat > wanted <<'EOF'
404 oras: finds 1
404 crane: finds 1
404 UNSUPPORTED oras: finds 1
404 UNSUPPORTED crane: finds 1
404 NAME_UNKNOWN oras: fails
404 NAME_UNKNOWN crane: finds 1
400 oras: fails
400 crane: finds 1
405 oras: fails
405 crane: fails
406 oras: fails
406 crane: finds 1
EOF
cmp told wanted || { echo "no longer so" >&2; exit 1; }
