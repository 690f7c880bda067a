#!/bin/sh
# notation-go's notation.VerifyBlob says of itself that "upon successful verification, it returns the descriptor of the blob" (notation.go, the
# comment on the function). What was signed has the descriptor as `targetArtifact` (signature specification, "Payload").
#
# Seen on 2026-11-29 with notation-go at 2bc67e7695ef, which notation's main branch requires (2a558558), and Go 1.26.8; the lines of code are
# still there at a48f22835cb5. A blob of eleven bytes, signed by SignBlob and verified by VerifyBlob without an error under the level strict,
# with JWS and COSE alike:
#   signed:    media type "text/plain", digest "sha384:870f4798...", size 11
#   returned:  media type "", digest "", size 0
# Expected: what was signed. The payload is read as if it were the descriptor. A program that goes on with the descriptor has an empty one
# and no error; the outcome, the second thing returned, holds the right payload.
#
# Ends with 0 while this is so. Needs go 1.23 or later.
set -eu
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
cat > go.mod <<'EOF'
module verifies

go 1.23.0

require (
	github.com/notaryproject/notation-core-go v1.3.0
	github.com/notaryproject/notation-go v1.2.0-beta.1.0.20250512015818-2bc67e7695ef
	github.com/opencontainers/image-spec v1.1.1
)
EOF
cat > main.go <<'EOF'
package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"strings"

	_ "github.com/notaryproject/notation-core-go/signature/cose"
	_ "github.com/notaryproject/notation-core-go/signature/jws"
	"github.com/notaryproject/notation-core-go/testhelper"
	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/signer"
	"github.com/notaryproject/notation-go/verifier"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/notaryproject/notation-go/verifier/truststore"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

const blob = "hello blobs"

type store []*x509.Certificate

func (s store) GetCertificates(context.Context, truststore.Type, string) ([]*x509.Certificate, error) {
	return s, nil
}

func main() {
	leaf, root := testhelper.GetECLeafCertificate(), testhelper.GetECRootCertificate()
	signs, err := signer.NewGenericSigner(leaf.PrivateKey, []*x509.Certificate{leaf.Cert, root.Cert})
	good(err)
	policy := trustpolicy.BlobTrustPolicy{
		Name:                  "blobs",
		SignatureVerification: trustpolicy.SignatureVerification{VerificationLevel: "strict"},
		TrustStores:           []string{"ca:memory"},
		TrustedIdentities:     []string{"*"},
		GlobalPolicy:          true,
	}
	verifies, err := verifier.NewVerifierWithOptions(store{root.Cert}, verifier.VerifierOptions{
		BlobTrustPolicy: &trustpolicy.BlobDocument{Version: "1.0", TrustPolicies: []trustpolicy.BlobTrustPolicy{policy}}})
	good(err)
	for _, form := range []string{"application/jose+json", "application/cose"} {
		var asked notation.SignBlobOptions
		asked.SignatureMediaType, asked.ContentMediaType = form, "text/plain"
		signature, _, err := notation.SignBlob(context.Background(), signs, strings.NewReader(blob), asked)
		good(err)
		var wanted notation.VerifyBlobOptions
		wanted.SignatureMediaType, wanted.ContentMediaType = form, "text/plain"
		returned, outcome, err := notation.VerifyBlob(context.Background(), verifies, strings.NewReader(blob), signature, wanted)
		good(err)
		var payload struct{ TargetArtifact ocispec.Descriptor }
		good(json.Unmarshal(outcome.EnvelopeContent.Payload.Content, &payload))
		tell(form, "signed:", payload.TargetArtifact)
		tell(form, "returned:", returned)
	}
}

func tell(form, what string, d ocispec.Descriptor) {
	fmt.Printf("%s %s %q %.15q %d\n", form, what, d.MediaType, d.Digest, d.Size)
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
application/jose+json signed: "text/plain" "sha384:870f4798" 11
application/jose+json returned: "" "" 0
application/cose signed: "text/plain" "sha384:870f4798" 11
application/cose returned: "" "" 0
EOF
cmp told wanted || { echo "no longer so" >&2; exit 1; }
