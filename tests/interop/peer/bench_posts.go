package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// benchPosts asks a provider of external data about each reference, and as often as rounds says, as Gatekeeper does:
// a reference in each request, connections that stay open, TLS 1.3 with a client certificate.
func benchPosts(req request) (answer, error) {
	if len(req.References) == 0 || req.Workers <= 0 || req.Rounds <= 0 {
		return nil, errors.New("references, and positive numbers of workers and rounds, are needed")
	}
	client, err := providerClient(req)
	if err != nil {
		return nil, err
	}
	defer client.CloseIdleConnections()
	if err := openConnections(client, req); err != nil {
		return nil, err
	}
	references := slices.Repeat(req.References, req.Rounds)
	var lock sync.Mutex
	times := make([]float64, 0, len(references))
	start := time.Now()
	err = inParallel(req.Workers, references, func(reference string) error {
		begun := time.Now()
		if err := askProvider(client, req.URL, reference); err != nil {
			return err
		}
		took := time.Since(begun).Seconds()
		lock.Lock()
		times = append(times, took)
		lock.Unlock()
		return nil
	})
	if err != nil {
		return nil, err
	}
	seconds := time.Since(start).Seconds()
	slices.Sort(times)
	return answer{
		"perSecond": float64(len(times)) / seconds,
		"median":    times[len(times)/2],
		"p99":       times[len(times)*99/100],
	}, nil
}

func providerClient(req request) (*http.Client, error) {
	certificate, err := tls.LoadX509KeyPair(req.ChainFile, req.KeyFile)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(req.Root) {
		return nil, errors.New("no root certificate in PEM")
	}
	settings := &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: roots, Certificates: []tls.Certificate{certificate}}
	transport := &http.Transport{TLSClientConfig: settings, MaxIdleConnsPerHost: req.Workers}
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}, nil
}

// openConnections makes each worker's connection before the time is taken: a review does not begin with a handshake.
func openConnections(client *http.Client, req request) error {
	var together sync.WaitGroup
	together.Add(req.Workers)
	return inParallel(req.Workers, make([]string, req.Workers), func(string) error {
		together.Done()
		together.Wait()
		_, _, err := post(client, req.URL, nil)
		return err
	})
}

func askProvider(client *http.Client, url, reference string) error {
	status, body, err := post(client, url, []string{reference})
	if err != nil {
		return err
	}
	var found struct {
		Response struct {
			Items []struct {
				Value any    `json:"value"`
				Error string `json:"error"`
			} `json:"items"`
			SystemError string `json:"systemError"`
		} `json:"response"`
	}
	if err := json.Unmarshal(body, &found); err != nil {
		return fmt.Errorf("status %d: %w", status, err)
	}
	items := found.Response.Items
	if status != http.StatusOK || found.Response.SystemError != "" || len(items) != 1 || !isAccepted(items[0].Value) {
		return fmt.Errorf("status %d: %s", status, body)
	}
	return nil
}

// isAccepted knows the values of both providers.
func isAccepted(value any) bool {
	if members, ok := value.(map[string]any); ok {
		return members["isSuccess"] == true
	}
	return value == "verified"
}

func post(client *http.Client, url string, keys []string) (int, []byte, error) {
	body, err := json.Marshal(map[string]any{
		"apiVersion": "externaldata.gatekeeper.sh/v1beta1",
		"kind":       "ProviderRequest",
		"request":    map[string]any{"keys": keys},
	})
	if err != nil {
		return 0, nil, err
	}
	response, err := client.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return response.StatusCode, content, err
}
