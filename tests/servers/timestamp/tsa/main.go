// Command tsa is a timestamp authority with a given key and chain on a free port of the loopback interface: it prints
// the address as one line on standard output and serves until standard input ends or a signal stops it.
package main

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/digitorus/timestamp"
)

const (
	queryType = "application/timestamp-query"
	replyType = "application/timestamp-reply"
	// Larger than any query that a client has a reason to send.
	largestQuery = 1 << 16
)

// hashes are those that the authority can sign with.
var hashes = map[string]crypto.Hash{"sha256": crypto.SHA256, "sha384": crypto.SHA384, "sha512": crypto.SHA512}

// authority answers queries as the flags say.
type authority struct {
	signer       crypto.Signer
	leaf         *x509.Certificate
	above        []*x509.Certificate
	skew         time.Duration
	accuracy     time.Duration
	policy       asn1.ObjectIdentifier
	hash         crypto.Hash
	certificates bool
	refuse       timestamp.Status
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("tsa", flag.ContinueOnError)
	chain := flags.String("chain", "", "the PEM file of the certificates, leaf first")
	key := flags.String("key", "", "the PEM file of the private key")
	skew := flags.Duration("skew", 0, "how far its clock is ahead")
	accuracy := flags.Duration("accuracy", time.Second, "the accuracy that it claims; none for 0")
	policy := flags.String("policy", "2.4.5.6", "the only policy that it has")
	hash := flags.String("hash", "sha256", "what it signs with: sha256, sha384 or sha512")
	certificates := flags.Bool("certificates", true, "send the certificates to those who ask for them")
	refuse := flags.Int("refuse", 0, "the status that it refuses every query with")
	if err := flags.Parse(args); err != nil {
		return err
	}
	a := &authority{skew: *skew, accuracy: *accuracy, certificates: *certificates, refuse: timestamp.Status(*refuse)}
	if err := a.load(*chain, *key); err != nil {
		return err
	}
	var err error
	if a.policy, err = identifier(*policy); err != nil {
		return err
	}
	if a.hash = hashes[*hash]; a.hash == 0 {
		return fmt.Errorf("it cannot sign with %q", *hash)
	}
	return serve(a)
}

func (a *authority) load(chain, key string) error {
	pair, err := tls.LoadX509KeyPair(chain, key)
	if err != nil {
		return err
	}
	signer, ok := pair.PrivateKey.(crypto.Signer)
	if !ok {
		return errors.New("the key cannot sign")
	}
	a.signer = signer
	for _, der := range pair.Certificate {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return err
		}
		a.above = append(a.above, certificate)
	}
	a.leaf, a.above = a.above[0], a.above[1:]
	return nil
}

func identifier(text string) (asn1.ObjectIdentifier, error) {
	var oid asn1.ObjectIdentifier
	for _, part := range strings.Split(text, ".") {
		number, err := strconv.Atoi(part)
		if err != nil {
			return nil, err
		}
		oid = append(oid, number)
	}
	return oid, nil
}

// ServeHTTP answers a query that was posted to any path.
func (a *authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		http.Error(w, "queries are posted", http.StatusMethodNotAllowed)
		return
	}
	if r.Header.Get("Content-Type") != queryType {
		http.Error(w, "this is no "+queryType, http.StatusUnsupportedMediaType)
		return
	}
	query, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestQuery))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	reply, err := a.reply(query)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", replyType)
	_, _ = w.Write(reply)
}

func (a *authority) reply(query []byte) ([]byte, error) {
	if a.refuse != timestamp.Granted {
		return timestamp.CreateErrorResponse(a.refuse, timestamp.SystemFailure)
	}
	asked, err := timestamp.ParseRequest(query)
	if err != nil {
		return timestamp.CreateErrorResponse(timestamp.Rejection, timestamp.BadDataFormat)
	}
	if len(asked.TSAPolicyOID) > 0 && !asked.TSAPolicyOID.Equal(a.policy) {
		return timestamp.CreateErrorResponse(timestamp.Rejection, timestamp.UnacceptedPolicy)
	}
	stamp := timestamp.Timestamp{
		HashAlgorithm:     asked.HashAlgorithm,
		HashedMessage:     asked.HashedMessage,
		Time:              time.Now().UTC().Add(a.skew),
		Accuracy:          a.accuracy,
		Policy:            a.policy,
		Nonce:             asked.Nonce,
		AddTSACertificate: asked.Certificates && a.certificates,
		Certificates:      a.above,
	}
	return stamp.CreateResponseWithOpts(a.leaf, a.signer, a.hash)
}

// serve prints the address only once connections are accepted, so that whoever reads it need not try.
func serve(handler http.Handler) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go endWithInput()
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	if _, err := fmt.Println(listener.Addr()); err != nil {
		return err
	}
	return server.Serve(listener)
}

// endWithInput keeps the server from outliving a test run that was killed.
func endWithInput() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}
