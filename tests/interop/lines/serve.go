// Package lines is how the peers talk: one JSON request per line in, one JSON answer per line out, until the input ends.
package lines

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
)

// Answer holds the members that an operation adds to "ok" and "error".
type Answer map[string]any

// Named is embedded in what holds the members of all of a peer's requests.
type Named struct {
	Op string `json:"op"`
}

func (n Named) operation() string {
	return n.Op
}

// Request is a type that embeds Named.
type Request interface{ operation() string }

// Operations have the names that requests give in their member "op".
type Operations[R Request] map[string]func(R) (Answer, error)

// Run answers standard input on standard output; the status is other than 0 only when a stream breaks, since a failed
// operation is an answer like any other.
func Run[R Request](operations Operations[R]) {
	if err := serve(operations, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve answers every line before it reads the next, and writes unbuffered, so that the caller never waits in vain.
func serve[R Request](operations Operations[R], requests io.Reader, answers io.Writer) error {
	lines := bufio.NewReader(requests)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			if err := json.NewEncoder(answers).Encode(handle(operations, line)); err != nil {
				return fmt.Errorf("write an answer: %w", err)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read a request: %w", err)
		}
	}
}

// handle turns a panic into an answer, because a library that panics on an input is a finding and not the end.
func handle[R Request](operations Operations[R], line []byte) (reply Answer) {
	defer func() {
		if reason := recover(); reason != nil {
			debug.PrintStack()
			reply = conclude(nil, fmt.Errorf("panic: %v", reason))
		}
	}()
	req, err := Decode[R](line)
	if err != nil {
		return conclude(nil, fmt.Errorf("broken request: %w", err))
	}
	operation, known := operations[req.operation()]
	if !known {
		return conclude(nil, fmt.Errorf("unknown op %q", req.operation()))
	}
	return conclude(operation(req))
}

// Decode refuses unknown members, so that a misspelt one is not taken for an absent one.
func Decode[T any](text []byte) (value T, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&value); err != nil {
		return value, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return value, errors.New("more than one JSON value")
	}
	return value, nil
}

// conclude keeps the members that come with an error: a refused verification has results too.
func conclude(members Answer, err error) Answer {
	reply := Answer{"ok": err == nil}
	for name, value := range members {
		reply[name] = value
	}
	if err != nil {
		reply["error"] = Explain(err)
	}
	return reply
}
