#!/bin/sh
# Below a root made by Go 1.25 or later, a certificate whose authority key identifier is the hash that RFC 5280 suggests
# (section 4.2.1.2, method 1: SHA-1 of the key) is not found by `openssl verify`, though name, key and signature are right.
#
# Seen with Go 1.26.8 (crypto/x509), cryptography 46.0.3 (AuthorityKeyIdentifier.from_issuer_public_key) and OpenSSL 3.0.19:
#   Go calls the root's key by 160 bits of its SHA-256 (since 1.25; RFC 7093, method 1), and OpenSSL compares:
#   "error 20 at 0 depth lookup: unable to get local issuer certificate".
# With the root's own identifier, read from its certificate (AuthorityKeyIdentifier.from_issuer_subject_key_identifier), it
# is found. GODEBUG=x509sha256skid=0 brings the old identifier back. Expected, if anything: that the documented way to make
# an authority key identifier out of the issuer's key works for the roots of today.
#
# Ends with 0 while this is so. Needs go 1.25 or later, openssl, python3.
set -eu
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check cryptography==46.0.3
cat > go.mod <<'END'
module root

go 1.25
END
cat > main.go <<'END'
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"time"
)

func main() {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "root"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true}
	der, err := x509.CreateCertificate(rand.Reader, root, root, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	secret, _ := x509.MarshalPKCS8PrivateKey(key)
	pem.Encode(os.Stdout, &pem.Block{Type: "CERTIFICATE", Bytes: der})
	pem.Encode(os.Stdout, &pem.Block{Type: "PRIVATE KEY", Bytes: secret})
}
END
GOFLAGS=-mod=mod GOTOOLCHAIN=local go run . > root.pem
cat > issue.py <<'END'
import datetime, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

pem = open("root.pem", "rb").read()
root, key = x509.load_pem_x509_certificate(pem), serialization.load_pem_private_key(pem, None)
own = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
for name, authority in {
    "computed": x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key()),
    "read": x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own),
}.items():
    leaf, now = ec.generate_private_key(ec.SECP256R1()).public_key(), datetime.datetime.now(datetime.timezone.utc)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(root.subject, subject, leaf, x509.random_serial_number(), now, now + datetime.timedelta(minutes=30))
    made = builder.add_extension(authority, False).sign(key, hashes.SHA256())
    made.verify_directly_issued_by(root)
    open(f"{name}.pem", "wb").write(made.public_bytes(serialization.Encoding.PEM))
END
venv/bin/python issue.py
openssl verify -CAfile root.pem read.pem
if openssl verify -CAfile root.pem computed.pem > told 2>&1; then
    echo "no longer so: OpenSSL finds the issuer by its computed identifier" >&2
    exit 1
fi
cat told
grep -q "error 20 at 0 depth lookup" told
