package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/notaryproject/notation-core-go/revocation"
	"github.com/notaryproject/notation-core-go/revocation/purpose"
	"github.com/notaryproject/notation-core-go/revocation/result"
)

// unreachable is a network on which nothing is found, so that no download is taken for a CRL from the cache.
type unreachable struct{}

// RoundTrip names the address, because the cache has no file for it or one that is out of date.
func (unreachable) RoundTrip(asked *http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("the cache has no usable CRL of %s", asked.URL)
}

// benchCrl times checks against a CRL in a file cache: one in this process as it is, which has to be new for the time
// and the memory of the first check to mean anything, then some with new fetchers, then some with the last of those.
func benchCrl(req request) (answer, error) {
	if req.CacheFolder == "" || req.URL == "" || req.Rounds <= 0 {
		return nil, errors.New("a cache folder, a URL and a positive number of rounds are needed")
	}
	validator, first, err := checkAnew(req)
	if err != nil {
		return nil, err
	}
	firstPeak, err := peakMemory()
	if err != nil {
		return nil, err
	}
	fresh, same := make([]float64, req.Rounds), make([]float64, req.Rounds)
	for round := range req.Rounds {
		if validator, fresh[round], err = checkAnew(req); err != nil {
			return nil, err
		}
	}
	for round := range req.Rounds {
		if same[round], err = checkTimed(validator, req); err != nil {
			return nil, err
		}
	}
	peak, err := peakMemory()
	if err != nil {
		return nil, err
	}
	return answer{"first": first, "fresh": fresh, "same": same, "firstPeakBytes": firstPeak, "peakBytes": peak}, nil
}

// checkAnew counts the making of the validator too.
func checkAnew(req request) (revocation.Validator, float64, error) {
	start := time.Now()
	fetcher, err := newFetcher(&http.Client{Transport: unreachable{}}, req.CacheFolder)
	if err != nil {
		return nil, 0, err
	}
	validator, err := revocation.NewWithOptions(revocation.Options{
		OCSPHTTPClient:   &http.Client{Transport: unreachable{}},
		CRLFetcher:       fetcher,
		CertChainPurpose: purpose.CodeSigning,
	})
	if err != nil {
		return nil, 0, err
	}
	made := time.Since(start).Seconds()
	checked, err := checkTimed(validator, req)
	return validator, made + checked, err
}

// checkTimed is in seconds.
func checkTimed(validator revocation.Validator, req request) (float64, error) {
	start := time.Now()
	states, err := check(validator, req)
	seconds := time.Since(start).Seconds()
	if err != nil {
		return 0, err
	}
	return seconds, consulted(states, req.URL)
}

// consulted refuses a measurement in which the CRL did not decide about the leaf.
func consulted(states []certificateStatus, url string) error {
	for _, state := range states[0].Servers {
		if state.Server == url && state.Method == result.RevocationMethodCRL.String() && state.Error == "" {
			return nil
		}
	}
	return fmt.Errorf("the CRL of %s did not decide: %+v", url, states[0])
}

// peakMemory is the most that the process had in memory since its start, in bytes.
func peakMemory() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for _, line := range strings.Split(string(status), "\n") {
		var kibibytes int64
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kibibytes); err == nil {
			return kibibytes * 1024, nil
		}
	}
	return 0, errors.New("the system does not tell the peak of the memory")
}
