// Command peer lets the Go libraries of the Notary Project answer for themselves: it reads one JSON request per line
// on standard input and writes one JSON answer per line on standard output, until the input ends.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// request holds the members of all operations; each operation reads its own and ignores the rest.
type request struct {
	Op                   string             `json:"op"`
	Layout               string             `json:"layout"`
	Digest               string             `json:"digest"`
	MediaType            string             `json:"mediaType"`
	Metadata             map[string]string  `json:"metadata"`
	KeyFile              string             `json:"keyFile"`
	ChainFile            string             `json:"chainFile"`
	ExpirySeconds        int64              `json:"expirySeconds"`
	Scope                string             `json:"scope"`
	Policy               json.RawMessage    `json:"policy"`
	TrustStore           string             `json:"trustStore"`
	Envelope             []byte             `json:"envelope"`
	Files                []string           `json:"files"`
	Seconds              float64            `json:"seconds"`
	Reference            string             `json:"reference"`
	References           []string           `json:"references"`
	Workers              int                `json:"workers"`
	Rounds               int                `json:"rounds"`
	ForceReferrersTag    bool               `json:"forceReferrersTag"`
	Folder               string             `json:"folder"`
	Name                 string             `json:"name"`
	KeyID                string             `json:"keyId"`
	PluginConfig         map[string]string  `json:"pluginConfig"`
	Descriptor           ocispec.Descriptor `json:"descriptor"`
	Command              string             `json:"command"`
	Request              json.RawMessage    `json:"request"`
	Token                []byte             `json:"token"`
	Message              []byte             `json:"message"`
	Roots                [][]byte           `json:"roots"`
	At                   time.Time          `json:"at"`
	Chain                [][]byte           `json:"chain"`
	Purpose              string             `json:"purpose"`
	AuthenticSigningTime time.Time          `json:"authenticSigningTime"`
	CacheFolder          string             `json:"cacheFolder"`
	OCSPSeconds          float64            `json:"ocspSeconds"`
	CRLSeconds           float64            `json:"crlSeconds"`
	URL                  string             `json:"url"`
	Root                 []byte             `json:"root"`
	Hash                 string             `json:"hash"`
	TimestampURL         string             `json:"timestampUrl"`
	TimestampRoot        []byte             `json:"timestampRoot"`
}

// answer holds the members that an operation adds to "ok" and "error".
type answer map[string]any

var operations = map[string]func(request) (answer, error){
	"sign":                sign,
	"verify":              verify,
	"verifyEnvelope":      verifyEnvelope,
	"bench":               bench,
	"signRemote":          signRemote,
	"verifyRemote":        verifyRemote,
	"listRemote":          listRemote,
	"benchRemote":         benchRemote,
	"benchSignRemote":     benchSignRemote,
	"benchPosts":          benchPosts,
	"plugin-list":         pluginList,
	"plugin-metadata":     pluginMetadata,
	"plugin-sign":         pluginSign,
	"plugin-call":         pluginCall,
	"verify-with-plugins": verifyWithPlugins,
	"timestampVerify":     timestampVerify,
	"stamp":               stamp,
	"revocationCheck":     revocationCheck,
	"benchCrl":            benchCrl,
	"parseReference":      parseReference,
	"resolveArchive":      resolveArchive,
	"writeArchive":        writeArchive,
	"storedCredentials":   storedCredentials,
	"documents":           documents,
}

// main ends with a status other than 0 only when a stream breaks: a failed operation is an answer like any other.
func main() {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve answers every line before it reads the next, and writes unbuffered, so that the caller never waits in vain.
func serve(requests io.Reader, answers io.Writer) error {
	lines := bufio.NewReader(requests)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			if err := json.NewEncoder(answers).Encode(handle(line)); err != nil {
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
func handle(line []byte) (reply answer) {
	defer func() {
		if reason := recover(); reason != nil {
			debug.PrintStack()
			reply = conclude(nil, fmt.Errorf("panic: %v", reason))
		}
	}()
	req, err := decode[request](line)
	if err != nil {
		return conclude(nil, fmt.Errorf("broken request: %w", err))
	}
	operation, known := operations[req.Op]
	if !known {
		return conclude(nil, fmt.Errorf("unknown op %q", req.Op))
	}
	return conclude(operation(req))
}

// decode refuses unknown members, so that a misspelt one is not taken for an absent one.
func decode[T any](text []byte) (value T, err error) {
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
func conclude(members answer, err error) answer {
	reply := answer{"ok": err == nil}
	for name, value := range members {
		reply[name] = value
	}
	if err != nil {
		reply["error"] = explain(err)
	}
	return reply
}

// explain adds the causes that an error's own text leaves out, as that of a trust store error does.
func explain(err error) string {
	text := err.Error()
	for _, cause := range causes(err) {
		if !strings.Contains(text, cause.Error()) {
			text += ": " + cause.Error()
		}
	}
	return text
}

// causes lists everything below an error depth first, which is the order of the texts that fmt and errors.Join build.
func causes(err error) []error {
	var direct []error
	switch wrapper := err.(type) {
	case interface{ Unwrap() error }:
		direct = []error{wrapper.Unwrap()}
	case interface{ Unwrap() []error }:
		direct = wrapper.Unwrap()
	}
	var all []error
	for _, cause := range direct {
		if cause != nil {
			all = append(append(all, cause), causes(cause)...)
		}
	}
	return all
}
