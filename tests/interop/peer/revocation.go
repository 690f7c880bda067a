package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/notaryproject/notation-core-go/revocation"
	"github.com/notaryproject/notation-core-go/revocation/crl"
	"github.com/notaryproject/notation-core-go/revocation/purpose"
	"github.com/notaryproject/notation-core-go/revocation/result"
	cache "github.com/notaryproject/notation-go/verifier/crl"
	"notarykit.example/lines"
)

// These are the timeouts of the notation command.
const (
	ocspTimeout = 2 * time.Second
	crlTimeout  = 5 * time.Second
)

var purposes = map[string]purpose.Purpose{"codeSigning": purpose.CodeSigning, "timestamping": purpose.Timestamping}

// certificateStatus is the state of one certificate, with every answer that it was concluded from.
type certificateStatus struct {
	Result  string         `json:"result"`
	Method  string         `json:"method"`
	Servers []serverStatus `json:"servers"`
}

// serverStatus is the answer of one responder or CRL; an empty error means that it could be used, or that there is no
// server to ask.
type serverStatus struct {
	Server string `json:"server"`
	Result string `json:"result"`
	Method string `json:"method"`
	Error  string `json:"error"`
}

// revocationCheck makes a new validator each time, so that only a cache folder joins one request with another.
func revocationCheck(req request) (answer, error) {
	kind, known := purposes[req.Purpose]
	if !known {
		return nil, fmt.Errorf("unknown purpose %q", req.Purpose)
	}
	validator, err := newValidator(req, kind)
	if err != nil {
		return nil, err
	}
	states, err := check(validator, req)
	if err != nil {
		return nil, err
	}
	return answer{"results": states}, nil
}

// check leaves a time of signing that the request does not give at the zero time, which the library takes for none.
func check(validator revocation.Validator, req request) ([]certificateStatus, error) {
	chain, err := certificates(req.Chain)
	if err != nil {
		return nil, err
	}
	results, err := validator.ValidateContext(context.Background(), revocation.ValidateContextOptions{
		CertChain:            chain,
		AuthenticSigningTime: req.AuthenticSigningTime,
	})
	if err != nil {
		return nil, err
	}
	states := make([]certificateStatus, 0, len(results))
	for _, found := range results {
		states = append(states, certificateStatus{
			Result:  found.Result.String(),
			Method:  found.RevocationMethod.String(),
			Servers: servers(found.ServerResults),
		})
	}
	return states, nil
}

func servers(results []*result.ServerResult) []serverStatus {
	states := make([]serverStatus, 0, len(results))
	for _, found := range results {
		state := serverStatus{Server: found.Server, Result: found.Result.String(), Method: found.RevocationMethod.String()}
		if found.Error != nil {
			state.Error = lines.Explain(found.Error)
		}
		states = append(states, state)
	}
	return states
}

// newValidator is what the notation command gives its verifier; without a cache folder nothing is remembered.
func newValidator(req request, kind purpose.Purpose) (revocation.Validator, error) {
	fetcher, err := newFetcher(&http.Client{Timeout: timeout(req.CRLSeconds, crlTimeout)}, req.CacheFolder)
	if err != nil {
		return nil, err
	}
	return revocation.NewWithOptions(revocation.Options{
		OCSPHTTPClient:   &http.Client{Timeout: timeout(req.OCSPSeconds, ocspTimeout)},
		CRLFetcher:       fetcher,
		CertChainPurpose: kind,
	})
}

// newFetcher goes on without a cache that breaks, as the notation command does, but not without the folder itself.
func newFetcher(client *http.Client, folder string) (*crl.HTTPFetcher, error) {
	fetcher, err := crl.NewHTTPFetcher(client)
	if err != nil || folder == "" {
		return fetcher, err
	}
	files, err := cache.NewFileCache(folder)
	if err != nil {
		return nil, err
	}
	fetcher.Cache, fetcher.DiscardCacheError = files, true
	return fetcher, nil
}

func timeout(seconds float64, usual time.Duration) time.Duration {
	if seconds == 0 {
		return usual
	}
	return time.Duration(seconds * float64(time.Second))
}
