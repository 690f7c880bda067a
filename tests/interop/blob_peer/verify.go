package main

import (
	"context"
	"os"

	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/dir"
	"github.com/notaryproject/notation-go/plugin"
	"github.com/notaryproject/notation-go/verifier"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/notaryproject/notation-go/verifier/truststore"
	"notarykit.example/lines"
)

// outcomeRecorder remembers the outcome, because notation.VerifyBlob drops that of a failure.
type outcomeRecorder struct {
	notation.BlobVerifier
	last *notation.VerificationOutcome
}

// VerifyBlob leaves the verdict to the library.
func (r *outcomeRecorder) VerifyBlob(ctx context.Context, describe notation.BlobDescriptorGenerator, signature []byte,
	options notation.BlobVerifierVerifyOptions) (*notation.VerificationOutcome, error) {
	outcome, err := r.BlobVerifier.VerifyBlob(ctx, describe, signature, options)
	r.last = outcome
	return outcome, err
}

// validation is one step of the verdict; an empty error means that the step passed.
type validation struct {
	Type   trustpolicy.ValidationType   `json:"type"`
	Action trustpolicy.ValidationAction `json:"action"`
	Error  string                       `json:"error"`
}

// verify answers with the results of all steps that were made, whatever became of them.
func verify(req request) (answer, error) {
	members := answer{"results": []validation{}}
	library, err := newVerifier(req)
	if err != nil {
		return members, err
	}
	recorder := &outcomeRecorder{BlobVerifier: library}
	err = verifyOne(recorder, req.Blob, req.Envelope, verifyOptions(req))
	members["results"] = validations(recorder.last)
	if err != nil {
		return members, err
	}
	members["metadata"], err = recorder.last.UserMetadata()
	return members, err
}

func verifyOne(library notation.BlobVerifier, path string, envelope []byte, options notation.VerifyBlobOptions) error {
	blob, err := os.Open(path)
	if err != nil {
		return err
	}
	defer blob.Close()
	_, _, err = notation.VerifyBlob(context.Background(), library, blob, envelope, options)
	return err
}

func verifyOptions(req request) notation.VerifyBlobOptions {
	return notation.VerifyBlobOptions{
		BlobVerifierVerifyOptions: notation.BlobVerifierVerifyOptions{
			SignatureMediaType: req.MediaType,
			PluginConfig:       req.PluginConfig,
			UserMetadata:       req.Metadata,
			TrustPolicyName:    req.PolicyName,
		},
		ContentMediaType: req.ContentMediaType,
	}
}

// newVerifier looks for plugins in the request's folder and nowhere else, so that a verdict never depends on the
// plugins of the user who runs the tests.
func newVerifier(req request) (notation.BlobVerifier, error) {
	policy, err := decodePolicy(req.Policy)
	if err != nil {
		return nil, err
	}
	options := verifier.VerifierOptions{BlobTrustPolicy: policy}
	if req.Folder != "" {
		options.PluginManager = plugin.NewCLIManager(dir.NewSysFS(req.Folder))
	}
	return verifier.NewVerifierWithOptions(truststore.NewX509TrustStore(dir.NewSysFS(req.TrustStore)), options)
}

// validations is empty and not null where no signature was looked at.
func validations(outcome *notation.VerificationOutcome) []validation {
	list := []validation{}
	if outcome == nil {
		return list
	}
	for _, result := range outcome.VerificationResults {
		step := validation{Type: result.Type, Action: result.Action}
		if result.Error != nil {
			step.Error = lines.Explain(result.Error)
		}
		list = append(list, step)
	}
	return list
}
