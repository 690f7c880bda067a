package main

import (
	"context"
	"time"

	"github.com/notaryproject/notation-core-go/signature"
	_ "github.com/notaryproject/notation-core-go/signature/cose" // registers application/cose
	_ "github.com/notaryproject/notation-core-go/signature/jws"  // registers application/jose+json
	"github.com/notaryproject/notation-plugin-framework-go/plugin"
)

// DescribeKey names the kind of the key.
func (p *namedPlugin) DescribeKey(_ context.Context, req *plugin.DescribeKeyRequest) (
	*plugin.DescribeKeyResponse, error) {
	if err := admit(req.ContractVersion, req.PluginConfig); err != nil {
		return nil, err
	}
	key, err := loadKey(req.KeyID)
	if err != nil {
		return nil, err
	}
	return &plugin.DescribeKeyResponse{KeyID: req.KeyID, KeySpec: key.spec}, nil
}

// GenerateSignature refuses a host that would have the key used in another way than its kind allows.
func (p *namedPlugin) GenerateSignature(_ context.Context, req *plugin.GenerateSignatureRequest) (
	*plugin.GenerateSignatureResponse, error) {
	if err := admit(req.ContractVersion, req.PluginConfig); err != nil {
		return nil, err
	}
	key, err := loadKey(req.KeyID)
	if err != nil {
		return nil, err
	}
	if req.KeySpec != key.spec || req.Hash != key.hash {
		return nil, plugin.NewValidationErrorf("the key is for %s with %s, and not for %s with %s",
			key.spec, key.hash, req.KeySpec, req.Hash)
	}
	signed, err := key.signRaw(req.Payload)
	if err != nil {
		return nil, err
	}
	chain, err := key.rawChain()
	if err != nil {
		return nil, err
	}
	return &plugin.GenerateSignatureResponse{
		KeyID:            req.KeyID,
		Signature:        signed,
		SigningAlgorithm: key.algorithm,
		CertificateChain: chain,
	}, nil
}

// GenerateEnvelope adds an annotation, so that it can be seen whether the host keeps it.
func (p *namedPlugin) GenerateEnvelope(_ context.Context, req *plugin.GenerateEnvelopeRequest) (
	*plugin.GenerateEnvelopeResponse, error) {
	if err := admit(req.ContractVersion, req.PluginConfig); err != nil {
		return nil, err
	}
	key, err := loadKey(req.KeyID)
	if err != nil {
		return nil, err
	}
	envelope, err := signature.NewEnvelope(req.SignatureEnvelopeType)
	if err != nil {
		return nil, plugin.NewValidationError(err.Error())
	}
	signed, err := envelope.Sign(p.signRequest(req, key))
	if err != nil {
		return nil, err
	}
	return &plugin.GenerateEnvelopeResponse{
		SignatureEnvelope:     signed,
		SignatureEnvelopeType: req.SignatureEnvelopeType,
		Annotations:           map[string]string{"com.example.made-by": p.metadata.Name},
	}, nil
}

// signRequest leaves the expiry out where the host asks for none.
func (p *namedPlugin) signRequest(req *plugin.GenerateEnvelopeRequest, key *signingKey) *signature.SignRequest {
	now := time.Now()
	request := &signature.SignRequest{
		Payload:       signature.Payload{ContentType: req.PayloadType, Content: req.Payload},
		Signer:        key,
		SigningTime:   now,
		SigningScheme: signature.SigningSchemeX509,
		SigningAgent:  p.metadata.Name + "/" + version,
	}
	if req.ExpiryDurationInSeconds != 0 {
		request.Expiry = now.Add(time.Duration(req.ExpiryDurationInSeconds) * time.Second)
	}
	return request
}
