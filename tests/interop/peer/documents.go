package main

import (
	"encoding/json"

	"github.com/notaryproject/notation-go/config"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/notaryproject/notation-plugin-framework-go/plugin"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// documents answers with what Go's encoder writes for the libraries' own types where nothing is set that may be empty.
func documents(request) (answer, error) {
	skip := trustpolicy.TrustPolicy{
		Name:                  "skip",
		RegistryScopes:        []string{"registry.example.com/a"},
		SignatureVerification: trustpolicy.SignatureVerification{VerificationLevel: "skip"},
	}
	policy := trustpolicy.Document{Version: "1.0", TrustPolicies: []trustpolicy.TrustPolicy{skip}}
	return answer{
		"config.json":      config.NewConfig(),
		"signingkeys.json": &config.SigningKeys{},
		"trustpolicy.json": policy,
		"verify-signature": &plugin.VerifySignatureResponse{},
		"index":            &ocispec.Index{},
		"manifest":         &ocispec.Manifest{Subject: &ocispec.Descriptor{}},
	}, nil
}

// choosePolicies answers with the name of the statement for each reference to an artifact, empty where there is none,
// once the document is valid.
func choosePolicies(req request) (answer, error) {
	var document trustpolicy.Document
	if err := json.Unmarshal(req.Policy, &document); err != nil {
		return answer{}, err
	}
	if err := document.Validate(); err != nil {
		return answer{}, err
	}
	names := make([]string, 0, len(req.References))
	for _, reference := range req.References {
		name := ""
		if policy, err := document.GetApplicableTrustPolicy(reference); err == nil {
			name = policy.Name
		}
		names = append(names, name)
	}
	return answer{"names": names}, nil
}
