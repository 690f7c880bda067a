package main

import (
	"errors"
	"syscall"
	"time"

	"github.com/notaryproject/notation-go/signer"
)

// benchSign counts signed files for each second of the processor's time; the key is loaded outside of the measured time.
func benchSign(req request) (answer, error) {
	keySigner, err := signer.NewGenericSignerFromFiles(req.KeyFile, req.ChainFile)
	if err != nil {
		return nil, err
	}
	options, err := signOptions(req)
	if err != nil {
		return nil, err
	}
	return measure(req, func(index int) error {
		_, err := signOne(keySigner, req.Blobs[index], options)
		return err
	})
}

// benchVerify counts verified files likewise, each with its envelope; the verifier is made outside of the measured time.
func benchVerify(req request) (answer, error) {
	if len(req.Envelopes) != len(req.Blobs) {
		return nil, errors.New("every blob needs an envelope")
	}
	library, err := newVerifier(req)
	if err != nil {
		return nil, err
	}
	options := verifyOptions(req)
	return measure(req, func(index int) error {
		return verifyOne(library, req.Blobs[index], req.Envelopes[index], options)
	})
}

// measure works through the files again and again, once before the measured time, which is the processor's: that of the
// collector of garbage included, and that of other programs not.
func measure(req request, work func(index int) error) (answer, error) {
	if len(req.Blobs) == 0 || req.Seconds <= 0 {
		return nil, errors.New("a benchmark needs files and a positive number of seconds")
	}
	for index := range req.Blobs {
		if err := work(index); err != nil {
			return nil, err
		}
	}
	start := processorSeconds()
	for count := 0; ; {
		if err := work(count % len(req.Blobs)); err != nil {
			return nil, err
		}
		count++
		if used := processorSeconds() - start; used >= req.Seconds {
			return answer{"perSecond": float64(count) / used, "count": count}, nil
		}
	}
}

func processorSeconds() float64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}
