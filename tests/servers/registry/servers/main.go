// Command servers runs one registry, kept in memory, on a free port of the loopback interface: it prints the address
// as one line on standard output and serves until standard input ends or a signal stops it.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

// settings are what the flags say; secrets are in the environment, where other users cannot see them.
type settings struct {
	referrers   bool
	auth        string
	realm       string
	service     string
	certificate string
	key         string
	clientCA    string
	content     string
	pageSize    int
}

// kinds are the registries, by the first argument.
var kinds = map[string]func(settings) (http.Handler, error){
	"memory": memory,
	"plain": func(s settings) (http.Handler, error) {
		return registry.New(registry.WithReferrersSupport(s.referrers)), nil
	},
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 || kinds[args[0]] == nil {
		return errors.New("the first argument is the kind of the registry: memory or plain")
	}
	var s settings
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.BoolVar(&s.referrers, "referrers", true, "answer the referrers API")
	flags.StringVar(&s.auth, "auth", "none", "none, basic or bearer")
	flags.StringVar(&s.realm, "realm", "", "where bearer tokens come from")
	flags.StringVar(&s.service, "service", "", "the audience of bearer tokens")
	flags.StringVar(&s.certificate, "certificate", "", "serve TLS with this PEM file")
	flags.StringVar(&s.key, "key", "", "the private key of the certificate")
	flags.StringVar(&s.clientCA, "client-ca", "", "require client certificates of this CA")
	flags.StringVar(&s.content, "content", "", "the memory registry begins with the objects of this file")
	flags.IntVar(&s.pageSize, "page-size", 0, "the memory registry lists at most so many names in a response")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	registry, err := kinds[args[0]](s)
	if err != nil {
		return err
	}
	handler, err := guarded(registry, s)
	if err != nil {
		return err
	}
	config, err := s.tls()
	if err != nil {
		return err
	}
	return serve(handler, config)
}

// tls returns nil for a registry that speaks plain HTTP.
func (s settings) tls() (*tls.Config, error) {
	if s.certificate == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(s.certificate, s.key)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if s.clientCA != "" {
		roots, err := os.ReadFile(s.clientCA)
		if err != nil {
			return nil, err
		}
		config.ClientCAs = x509.NewCertPool()
		if !config.ClientCAs.AppendCertsFromPEM(roots) {
			return nil, fmt.Errorf("%s has no certificate", s.clientCA)
		}
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return config, nil
}

// serve prints the address only once connections are accepted, so that whoever reads it need not try.
func serve(handler http.Handler, config *tls.Config) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go endWithInput()
	server := &http.Server{Handler: handler, TLSConfig: config, ReadHeaderTimeout: time.Minute}
	if _, err := fmt.Println(listener.Addr()); err != nil {
		return err
	}
	if config != nil {
		return server.ServeTLS(listener, "", "")
	}
	return server.Serve(listener)
}

// endWithInput keeps the server from outliving a test run that was killed.
func endWithInput() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}
