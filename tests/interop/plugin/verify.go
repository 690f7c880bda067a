package main

import (
	"context"

	"github.com/notaryproject/notation-plugin-framework-go/plugin"
)

// VerifySignature lets every check succeed that the configuration does not name, whatever the signature is.
func (p *namedPlugin) VerifySignature(_ context.Context, req *plugin.VerifySignatureRequest) (
	*plugin.VerifySignatureResponse, error) {
	if err := admit(req.ContractVersion, req.PluginConfig); err != nil {
		return nil, err
	}
	response := &plugin.VerifySignatureResponse{
		VerificationResults: map[plugin.Capability]*plugin.VerificationResult{},
		ProcessedAttributes: []any{}, // never nil, which JSON would write as null
	}
	for _, check := range req.TrustPolicy.SignatureVerification {
		if !p.metadata.HasCapability(check) {
			return nil, plugin.NewUnsupportedError(string(check))
		}
		response.VerificationResults[check] = judge(check, req.PluginConfig)
	}
	for _, attribute := range req.Signature.UnprocessedAttributes {
		if attribute != req.PluginConfig["ignore"] {
			response.ProcessedAttributes = append(response.ProcessedAttributes, attribute)
		}
	}
	return response, nil
}

// judge gives a reason with a failure only, as the contract wants it.
func judge(check plugin.Capability, config map[string]string) *plugin.VerificationResult {
	if config["refuse"] == string(check) {
		return &plugin.VerificationResult{Reason: "the configuration says that this check fails"}
	}
	return &plugin.VerificationResult{Success: true}
}
