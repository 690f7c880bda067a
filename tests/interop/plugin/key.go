package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"fmt"

	"github.com/notaryproject/notation-core-go/signature"
	"github.com/notaryproject/notation-core-go/x509"
	"github.com/notaryproject/notation-plugin-framework-go/plugin"
)

// signingKey is a key with its chain, and the names that the contract has for what it does.
type signingKey struct {
	signature.LocalSigner
	spec      plugin.KeySpec
	hash      plugin.HashAlgorithm
	algorithm plugin.SignatureAlgorithm
	function  crypto.Hash
}

// loadKey takes every problem with a file for a wrong key id, since the key id is all that the host decides here.
func loadKey(id string) (*signingKey, error) {
	key, err := readKey(id)
	if err != nil {
		return nil, plugin.NewValidationErrorf("key %q: %v", id, err)
	}
	return key, nil
}

// readKey finds the chain beside the key, so that the key id alone names both.
func readKey(path string) (*signingKey, error) {
	private, err := x509.ReadPrivateKeyFile(path)
	if err != nil {
		return nil, err
	}
	chain, err := x509.ReadCertificateFile(path + ".crt")
	if err != nil {
		return nil, err
	}
	pair, err := signature.NewLocalSigner(chain, private)
	if err != nil {
		return nil, err
	}
	spec, err := pair.KeySpec()
	if err != nil {
		return nil, err
	}
	kind, scheme := "EC", "ECDSA"
	if spec.Type == signature.KeyTypeRSA {
		kind, scheme = "RSA", "RSASSA-PSS"
	}
	function := spec.SignatureAlgorithm().Hash()
	return &signingKey{
		LocalSigner: pair,
		spec:        plugin.KeySpec(fmt.Sprintf("%s-%d", kind, spec.Size)),
		hash:        plugin.HashAlgorithm(function.String()),
		algorithm:   plugin.SignatureAlgorithm(scheme + "-" + function.String()),
		function:    function,
	}, nil
}

// signRaw gives the form that envelopes carry: for ECDSA r and s side by side, each as long as the curve's order.
func (k *signingKey) signRaw(message []byte) ([]byte, error) {
	state := k.function.New()
	state.Write(message)
	digest := state.Sum(nil)
	switch private := k.PrivateKey().(type) {
	case *rsa.PrivateKey:
		salted := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
		return rsa.SignPSS(rand.Reader, private, k.function, digest, salted)
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, private, digest)
		if err != nil {
			return nil, err
		}
		size := (private.Params().N.BitLen() + 7) / 8
		return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...), nil
	default:
		return nil, fmt.Errorf("%T signs nothing", private)
	}
}

// rawChain is the chain as the contract carries it.
func (k *signingKey) rawChain() ([][]byte, error) {
	chain, err := k.CertificateChain()
	if err != nil {
		return nil, err
	}
	ders := make([][]byte, 0, len(chain))
	for _, certificate := range chain {
		ders = append(ders, certificate.Raw)
	}
	return ders, nil
}
