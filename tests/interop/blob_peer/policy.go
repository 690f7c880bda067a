package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/notaryproject/notation-go/dir"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"notarykit.example/lines"
)

// decodePolicy reads as the library reads its file: the first JSON value, and nothing behind it.
func decodePolicy(text []byte) (*trustpolicy.BlobDocument, error) {
	var document trustpolicy.BlobDocument
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&document); err != nil {
		return nil, fmt.Errorf("broken trust policy: %w", err)
	}
	return &document, nil
}

// judgePolicies answers for each document how it is understood, or why it is refused.
func judgePolicies(req request) (answer, error) {
	verdicts := make([]answer, 0, len(req.Documents))
	for _, text := range req.Documents {
		document, err := decodePolicy(text)
		if err == nil {
			err = document.Validate()
		}
		if err != nil {
			verdicts = append(verdicts, answer{"error": lines.Explain(err)})
			continue
		}
		verdicts = append(verdicts, answer{"statements": understood(document)})
	}
	return answer{"verdicts": verdicts}, nil
}

// statement is what a verifier takes from a policy statement, with the level that its overrides make of the named one.
type statement struct {
	Name            string                                                      `json:"name"`
	IsGlobal        bool                                                        `json:"isGlobal"`
	Actions         map[trustpolicy.ValidationType]trustpolicy.ValidationAction `json:"actions"`
	VerifyTimestamp trustpolicy.TimestampOption                                 `json:"verifyTimestamp"`
	Stores          []string                                                    `json:"stores"`
	Identities      []string                                                    `json:"identities"`
}

func understood(document *trustpolicy.BlobDocument) []statement {
	statements := make([]statement, 0, len(document.TrustPolicies))
	for _, policy := range document.TrustPolicies {
		level, err := policy.SignatureVerification.GetVerificationLevel()
		if err != nil {
			panic(err) // the document has been validated
		}
		statements = append(statements, statement{
			Name:            policy.Name,
			IsGlobal:        policy.GlobalPolicy,
			Actions:         level.Enforcement,
			VerifyTimestamp: policy.SignatureVerification.VerifyTimestamp,
			Stores:          append([]string{}, policy.TrustStores...),
			Identities:      append([]string{}, policy.TrustedIdentities...),
		})
	}
	return statements
}

// policyFiles answers with files as the notation command writes them, of what its library validates.
func policyFiles(request) (answer, error) {
	trusting := trustpolicy.BlobTrustPolicy{
		Name:                  "trusting",
		SignatureVerification: trustpolicy.SignatureVerification{VerificationLevel: "strict"},
		TrustStores:           []string{"ca:tests", "tsa:tests"},
		TrustedIdentities:     []string{"x509.subject: C=US, ST=WA, O=wabbit-networks.io", "x509.subject: C=DE, ST=<&>, O=b"},
	}
	global := trusting
	global.Name, global.GlobalPolicy, global.TrustedIdentities = "global", true, []string{"*"}
	changed := trusting
	changed.Name = "changed"
	changed.SignatureVerification = trustpolicy.SignatureVerification{
		VerificationLevel: "permissive",
		Override:          map[trustpolicy.ValidationType]trustpolicy.ValidationAction{"expiry": "enforce", "revocation": "skip"},
		VerifyTimestamp:   trustpolicy.OptionAfterCertExpiry,
	}
	skipping := trustpolicy.BlobTrustPolicy{
		Name:                  "skipping",
		SignatureVerification: trustpolicy.SignatureVerification{VerificationLevel: "skip"},
	}
	files := answer{}
	for name, policies := range map[string][]trustpolicy.BlobTrustPolicy{
		"one": {trusting}, "global": {global}, "all": {trusting, global, changed, skipping},
	} {
		document := trustpolicy.BlobDocument{Version: "1.0", TrustPolicies: policies}
		if err := document.Validate(); err != nil {
			return nil, err
		}
		text, err := json.MarshalIndent(document, "", "  ")
		if err != nil {
			return nil, err
		}
		files[name] = text
	}
	return answer{"files": files}, nil
}

// loadPolicy answers for the file in a folder of settings, and with the statement that applies to a name: the global
// one where the name is empty.
func loadPolicy(req request) (answer, error) {
	if req.Folder == "" {
		return nil, errors.New("the folder of the settings is missing")
	}
	dir.UserConfigDir = req.Folder
	document, err := trustpolicy.LoadBlobDocument()
	if err != nil {
		return nil, err
	}
	if err := document.Validate(); err != nil {
		return nil, err
	}
	members := answer{"statements": understood(document)}
	policy, err := document.GetGlobalTrustPolicy()
	if req.PolicyName != "" {
		policy, err = document.GetApplicableTrustPolicy(req.PolicyName)
	}
	if err != nil {
		return members, err
	}
	members["applicable"] = policy.Name
	return members, nil
}

// choosePolicies answers with the name of the statement for each reference to an artifact, empty where there is none,
// once the document is valid.
func choosePolicies(req request) (answer, error) {
	var document trustpolicy.OCIDocument
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
