package main

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// bench counts verified envelopes per second; loading and the warm-up pass stay outside the measured time.
func bench(req request) (answer, error) {
	if len(req.Files) == 0 || req.Seconds <= 0 {
		return nil, errors.New("bench needs files and a positive number of seconds")
	}
	envelopes, err := load(req.Files)
	if err != nil {
		return nil, err
	}
	openNext := func(count int) error {
		index := count % len(envelopes)
		if _, err := open(req.MediaType, envelopes[index]); err != nil {
			return fmt.Errorf("%s: %w", req.Files[index], err)
		}
		return nil
	}
	for index := range envelopes {
		if err := openNext(index); err != nil {
			return nil, err
		}
	}
	return measure(req.Seconds, openNext)
}

// load reads every file once, so that no disk is measured.
func load(paths []string) ([][]byte, error) {
	contents := make([][]byte, 0, len(paths))
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		contents = append(contents, content)
	}
	return contents, nil
}

// measure runs on the caller's goroutine alone, so that the rate is that of one thread of work.
func measure(seconds float64, openNext func(count int) error) (answer, error) {
	start := time.Now()
	for count := 0; ; {
		if err := openNext(count); err != nil {
			return nil, err
		}
		count++
		if elapsed := time.Since(start).Seconds(); elapsed >= seconds {
			return answer{"perSecond": float64(count) / elapsed, "count": count}, nil
		}
	}
}
