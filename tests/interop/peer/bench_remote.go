package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/registry"
	"github.com/notaryproject/notation-go/signer"
	"oras.land/oras-go/v2/registry/remote/auth"
)

// benchRemote counts verified artifacts per second; the connections of the first round stay open for the later ones.
func benchRemote(req request) (answer, error) {
	library, err := newVerifier(req)
	if err != nil {
		return nil, err
	}
	return measureRounds(req, req.Rounds, func(reference string, client *auth.Client) error {
		repository, err := openRemote(reference, client, false)
		if err != nil {
			return err
		}
		_, _, err = notation.Verify(context.Background(), library, registry.NewRepository(repository),
			notation.VerifyOptions{ArtifactReference: reference, MaxSignatureAttempts: maxSignatures})
		return err
	})
}

// benchSignRemote counts signed artifacts per second in one round; the key is loaded outside of the measured time.
func benchSignRemote(req request) (answer, error) {
	keySigner, err := signer.NewGenericSignerFromFiles(req.KeyFile, req.ChainFile)
	if err != nil {
		return nil, err
	}
	return measureRounds(req, 1, func(reference string, client *auth.Client) error {
		repository, err := openRemote(reference, client, false)
		if err != nil {
			return err
		}
		options, err := signOptions(req, reference)
		if err != nil {
			return err
		}
		_, err = notation.Sign(context.Background(), keySigner, registry.NewRepository(repository), options)
		return err
	})
}

// measureRounds does the work once for every reference in each round, with one client for all rounds.
func measureRounds(req request, rounds int, work func(reference string, client *auth.Client) error) (answer, error) {
	if len(req.References) == 0 || req.Workers <= 0 || rounds <= 0 {
		return nil, errors.New("references, and positive numbers of workers and rounds, are needed")
	}
	client := newClient()
	rates := make([]float64, 0, rounds)
	for range rounds {
		start := time.Now()
		if err := inParallel(req.Workers, req.References, func(reference string) error {
			return work(reference, client)
		}); err != nil {
			return nil, err
		}
		rates = append(rates, float64(len(req.References))/time.Since(start).Seconds())
	}
	return answer{"perSecond": rates, "count": len(req.References) * rounds}, nil
}

// inParallel keeps so many workers busy until all is done, and returns the errors of all of them.
func inParallel(workers int, references []string, work func(reference string) error) error {
	queue := make(chan string, len(references))
	for _, reference := range references {
		queue <- reference
	}
	close(queue)
	failures := make([]error, workers)
	var group sync.WaitGroup
	for worker := range workers {
		group.Add(1)
		go func() {
			defer group.Done()
			for reference := range queue {
				if err := work(reference); err != nil {
					failures[worker] = fmt.Errorf("%s: %w", reference, err)
					return
				}
			}
		}()
	}
	group.Wait()
	return errors.Join(failures...)
}
