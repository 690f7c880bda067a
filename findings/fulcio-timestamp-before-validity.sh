#!/bin/sh
# With Sigstore's short-lived certificates it is the timestamp that shows that the certificate was valid: "Sigstore verifies that the provided
# timestamp falls within the certificate's validity period" (docs.sigstore.dev, "Timestamps"). A timestamp stands for a range: its time less
# and plus its accuracy are the lower and the upper limit (RFC 3161, section 2.4.2), and Sigstore's authority names one second.
#
# Seen on 2026-11-29 with Fulcio 1.8.8 (its ephemeral authority; those on files, Tink, KMS and PKCS #11 share pkg/ca/common.go, where notBefore
# is the moment of issue, as in 1.8.1), timestamp-authority 2.1.3 (its server, in memory) and tspclient-go 1.0.0, by whose BoundedAfter
# notation-go compares:
#   stamped within the second of issue:  time 0s after notBefore, accuracy 1s: the range begins before the certificate
#   stamped in the next second:          time 1s after notBefore, accuracy 1s: within
# Expected: certificates that are valid from a little earlier on, by the authority's accuracy at least. Signing may well take less than a
# second, and who looks at the range refuses what was signed right away: the Notary Project's specification asks for the range ("Trust Store
# and Trust Policy", "Signature Verification", "Validate Authentic Timestamp"), and notation-go says "timestamp can be before certificate ...
# validity period". Sigstore's own verification (sigstore-go 1.3.0, by its source) goes by the time alone.
#
# Ends with 0 while this is so. Needs go 1.26 or later; a minute of compiling.
set -eu
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
cat > go.mod <<'EOF'
module stamps

go 1.26.0

require (
	github.com/notaryproject/tspclient-go v1.0.0
	github.com/sigstore/fulcio v1.8.8
	github.com/sigstore/timestamp-authority/v2 v2.1.3
	github.com/spf13/viper v1.21.0
)
EOF
cat > main.go <<'EOF'
package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"net/http/httptest"
	"time"

	"github.com/notaryproject/tspclient-go"
	"github.com/sigstore/fulcio/pkg/ca/ephemeralca"
	"github.com/sigstore/timestamp-authority/v2/pkg/server"
	"github.com/spf13/viper"
)

type person string

func (p person) Name(context.Context) string { return string(p) }

func (p person) Embed(_ context.Context, certificate *x509.Certificate) error {
	certificate.EmailAddresses = []string{string(p)}
	return nil
}

func main() {
	viper.Set("timestamp-signer", "memory")
	viper.Set("timestamp-signer-hash", "sha256")
	viper.Set("default-policy-oid", "1.3.6.1.4.1.57264.2")
	api := server.NewRestAPIServer("localhost", 0, []string{"http"}, false, time.Minute, time.Minute)
	authority := httptest.NewServer(api.GetHandler())
	defer authority.Close()
	fulcio, err := ephemeralca.NewEphemeralCA()
	good(err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	good(err)

	untilNextSecond()
	issued, err := fulcio.CreateCertificate(context.Background(), person("jo@example.com"), &key.PublicKey)
	good(err)
	begins := issued.FinalCertificate.NotBefore
	tell("within the second of issue:", begins, authority.URL)
	untilNextSecond()
	tell("in the next second:", begins, authority.URL)
}

// untilNextSecond leaves what comes next a whole second: times in certificates and tokens have no fractions.
func untilNextSecond() {
	time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second)))
}

func tell(when string, begins time.Time, authority string) {
	content := []byte("a signature")
	request, err := tspclient.NewRequest(tspclient.RequestOptions{Content: content, HashAlgorithm: crypto.SHA256})
	good(err)
	client, err := tspclient.NewHTTPTimestamper(nil, authority+"/api/v1/timestamp")
	good(err)
	answer, err := client.Timestamp(context.Background(), request)
	good(err)
	token, err := answer.SignedToken()
	good(err)
	info, err := token.Info()
	good(err)
	stamp, err := info.Validate(content)
	good(err)
	fmt.Println(when, "time", stamp.Value.Sub(begins), "accuracy", stamp.Accuracy, "within:", stamp.BoundedAfter(begins))
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
within the second of issue: time 0s accuracy 1s within: false
in the next second: time 1s accuracy 1s within: true
EOF
cmp told wanted || { echo "no longer so" >&2; exit 1; }
