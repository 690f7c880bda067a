package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/notaryproject/notation-core-go/revocation/purpose"
	nx509 "github.com/notaryproject/notation-core-go/x509"
	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/tspclient-go"
)

// stampTimeout is how long the notation command waits for a timestamp.
const stampTimeout = 15 * time.Second

// hashes have the names that the specification of plugins gives them.
var hashes = map[string]crypto.Hash{"SHA-256": crypto.SHA256, "SHA-384": crypto.SHA384, "SHA-512": crypto.SHA512}

// timestampVerify takes the steps of notation-go's verifyTimestamp in their order, with its texts; it leaves out the
// validity of the signing chain and revocation.
func timestampVerify(req request) (answer, error) {
	if len(req.Token) == 0 {
		return nil, errors.New("no timestamp countersignature was found in the signature envelope")
	}
	signed, err := tspclient.ParseSignedToken(req.Token)
	if err != nil {
		return nil, fmt.Errorf("failed to parse timestamp countersignature with error: %w", err)
	}
	info, err := signed.Info()
	if err != nil {
		return nil, fmt.Errorf("failed to get the timestamp TSTInfo with error: %w", err)
	}
	stamped, err := info.Validate(req.Message)
	if err != nil {
		return nil, fmt.Errorf("failed to get timestamp from timestamp countersignature with error: %w", err)
	}
	roots, err := certificates(req.Roots)
	if err != nil {
		return nil, err
	}
	if len(roots) == 0 {
		return nil, errors.New("no trusted TSA certificate found in trust store")
	}
	at := stamped.Value
	if !req.At.IsZero() {
		at = req.At
	}
	chain, err := signed.Verify(context.Background(), x509.VerifyOptions{CurrentTime: at, Roots: pool(roots)})
	if err != nil {
		return nil, fmt.Errorf("failed to verify the timestamp countersignature with error: %w", err)
	}
	if err := nx509.ValidateTimestampingCertChain(chain); err != nil {
		return nil, fmt.Errorf("failed to validate the timestamping certificate chain with error: %w", err)
	}
	return answer{
		"value":    stamped.Value.UTC().Format(time.RFC3339Nano),
		"accuracy": stamped.Accuracy.Nanoseconds(),
		"subjects": subjects(chain),
	}, nil
}

// stamp takes the steps of notation-core-go, which does not export them, when no revocation is asked for.
func stamp(req request) (answer, error) {
	hash, known := hashes[req.Hash]
	if !known {
		return nil, fmt.Errorf("unknown hash %q", req.Hash)
	}
	roots, err := tsaRoots(req.Root)
	if err != nil {
		return nil, err
	}
	timestamper, err := tspclient.NewHTTPTimestamper(&http.Client{Timeout: stampTimeout}, req.URL)
	if err != nil {
		return nil, err
	}
	query, err := tspclient.NewRequest(tspclient.RequestOptions{Content: req.Message, HashAlgorithm: hash})
	if err != nil {
		return nil, err
	}
	response, err := timestamper.Timestamp(context.Background(), query)
	if err != nil {
		return nil, err
	}
	signed, err := response.SignedToken()
	if err != nil {
		return nil, err
	}
	chain, err := signed.Verify(context.Background(), x509.VerifyOptions{Roots: roots})
	if err != nil {
		return nil, err
	}
	if err := nx509.ValidateTimestampingCertChain(chain); err != nil {
		return nil, err
	}
	return answer{"token": response.TimestampToken.FullBytes, "subjects": subjects(chain)}, nil
}

// addTimestamp has the signer ask a TSA and check the revocation of its chain, as the notation command does.
func addTimestamp(req request, options *notation.SignerSignOptions) error {
	roots, err := tsaRoots(req.TimestampRoot)
	if err != nil {
		return err
	}
	timestamper, err := tspclient.NewHTTPTimestamper(&http.Client{Timeout: stampTimeout}, req.TimestampURL)
	if err != nil {
		return err
	}
	validator, err := newValidator(req, purpose.Timestamping)
	if err != nil {
		return err
	}
	options.Timestamper, options.TSARootCAs, options.TSARevocationValidator = timestamper, roots, validator
	return nil
}

// tsaRoots refuses what the notation command refuses as the root of a TSA: a certificate that did not sign itself.
func tsaRoots(der []byte) (*x509.CertPool, error) {
	root, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	if err := root.CheckSignatureFrom(root); err != nil {
		return nil, fmt.Errorf("the TSA's root certificate: %w", err)
	}
	if !bytes.Equal(root.RawSubject, root.RawIssuer) {
		return nil, errors.New("the TSA's certificate is not a root certificate")
	}
	return pool([]*x509.Certificate{root}), nil
}

// certificates parses each one by itself, so that an error says which of them is broken.
func certificates(ders [][]byte) ([]*x509.Certificate, error) {
	parsed := make([]*x509.Certificate, 0, len(ders))
	for index, der := range ders {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", index, err)
		}
		parsed = append(parsed, certificate)
	}
	return parsed, nil
}

func pool(roots []*x509.Certificate) *x509.CertPool {
	all := x509.NewCertPool()
	for _, root := range roots {
		all.AddCert(root)
	}
	return all
}

func subjects(chain []*x509.Certificate) []string {
	names := make([]string, 0, len(chain))
	for _, certificate := range chain {
		names = append(names, certificate.Subject.String())
	}
	return names
}
