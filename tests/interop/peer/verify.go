package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/notaryproject/notation-core-go/revocation/purpose"
	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/dir"
	"github.com/notaryproject/notation-go/plugin"
	"github.com/notaryproject/notation-go/registry"
	"github.com/notaryproject/notation-go/verifier"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/notaryproject/notation-go/verifier/truststore"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"notarykit.example/lines"
)

// maxSignatures is the default of the notation command.
const maxSignatures = 100

// skippingVerifier is what notation.Verify looks for behind its interface before it fetches anything.
type skippingVerifier interface {
	notation.Verifier
	SkipVerify(context.Context, notation.VerifierVerifyOptions) (bool, *trustpolicy.VerificationLevel, error)
}

// outcomeRecorder remembers the last outcome, because notation.Verify drops the outcomes of a failure.
type outcomeRecorder struct {
	skippingVerifier
	last *notation.VerificationOutcome
}

// Verify leaves the verdict to the library.
func (r *outcomeRecorder) Verify(ctx context.Context, artifact ocispec.Descriptor, signature []byte,
	options notation.VerifierVerifyOptions) (*notation.VerificationOutcome, error) {
	outcome, err := r.skippingVerifier.Verify(ctx, artifact, signature, options)
	r.last = outcome
	return outcome, err
}

// validation is one step of the verdict; an empty error means that the step passed.
type validation struct {
	Type   trustpolicy.ValidationType   `json:"type"`
	Action trustpolicy.ValidationAction `json:"action"`
	Error  string                       `json:"error"`
}

// verify looks for the artifact and its signatures in a layout.
func verify(req request) (answer, error) {
	repository, err := registry.NewOCIRepository(req.Layout, registry.RepositoryOptions{})
	if err != nil {
		return answer{"results": []validation{}}, err
	}
	return verifyIn(repository, req.Scope+"@"+req.Digest, req)
}

// verifyIn answers with the results of the signature that was tried last: on success, the one that was accepted.
func verifyIn(repository registry.Repository, reference string, req request) (answer, error) {
	library, err := newVerifier(req)
	if err != nil {
		return answer{"results": []validation{}}, err
	}
	recorder := &outcomeRecorder{skippingVerifier: library}
	_, _, err = notation.Verify(context.Background(), recorder, repository, notation.VerifyOptions{
		ArtifactReference:    reference,
		MaxSignatureAttempts: maxSignatures,
		UserMetadata:         req.Metadata,
		PluginConfig:         req.PluginConfig,
	})
	members := answer{"results": validations(recorder.last)}
	if err != nil {
		return members, err
	}
	members["metadata"], err = metadata(recorder.last)
	return members, err
}

// newVerifier looks for plugins in the request's folder and nowhere else, so that a verdict never depends on the
// plugins of the user who runs the tests.
func newVerifier(req request) (skippingVerifier, error) {
	var policy trustpolicy.Document
	if err := json.Unmarshal(req.Policy, &policy); err != nil {
		return nil, fmt.Errorf("broken trust policy: %w", err)
	}
	store := truststore.NewX509TrustStore(dir.NewSysFS(req.TrustStore))
	var plugins plugin.Manager // nil as the library tests for it, which a nil *CLIManager would not be
	if req.Folder != "" {
		plugins = plugin.NewCLIManager(dir.NewSysFS(req.Folder))
	}
	validators, err := newValidators(req)
	if err != nil {
		return nil, err
	}
	library, err := verifier.NewWithOptions(&policy, store, plugins, validators)
	if err != nil {
		return nil, err
	}
	skipping, ok := library.(skippingVerifier)
	if !ok {
		return nil, fmt.Errorf("%T has no SkipVerify method", library)
	}
	return skipping, nil
}

// newValidators gives both chains the same cache folder, as the notation command does.
func newValidators(req request) (verifier.VerifierOptions, error) {
	codeSigning, err := newValidator(req, purpose.CodeSigning)
	if err != nil {
		return verifier.VerifierOptions{}, err
	}
	timestamping, err := newValidator(req, purpose.Timestamping)
	return verifier.VerifierOptions{
		RevocationCodeSigningValidator:  codeSigning,
		RevocationTimestampingValidator: timestamping,
	}, err
}

// validations is empty and not null where no signature was tried, as under the level skip.
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

// metadata is empty where no signature was tried, because there is no payload to read it from.
func metadata(outcome *notation.VerificationOutcome) (map[string]string, error) {
	if outcome == nil {
		return map[string]string{}, nil
	}
	return outcome.UserMetadata()
}
