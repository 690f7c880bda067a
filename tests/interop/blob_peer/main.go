// Command blobpeer lets the Go library of the Notary Project sign and verify blobs, which its released versions cannot:
// it is built with the library's main branch.
package main

import "notarykit.example/lines"

// request holds the members of all operations; each operation reads its own and ignores the rest.
type request struct {
	lines.Named
	Blob             string            `json:"blob"`
	Blobs            []string          `json:"blobs"`
	ContentMediaType string            `json:"contentMediaType"`
	MediaType        string            `json:"mediaType"`
	Metadata         map[string]string `json:"metadata"`
	KeyFile          string            `json:"keyFile"`
	ChainFile        string            `json:"chainFile"`
	ExpirySeconds    int64             `json:"expirySeconds"`
	TimestampURL     string            `json:"timestampUrl"`
	TimestampRoot    []byte            `json:"timestampRoot"`
	Envelope         []byte            `json:"envelope"`
	Envelopes        [][]byte          `json:"envelopes"`
	Policy           []byte            `json:"policy"`
	PolicyName       string            `json:"policyName"`
	TrustStore       string            `json:"trustStore"`
	Documents        [][]byte          `json:"documents"`
	References       []string          `json:"references"`
	Folder           string            `json:"folder"`
	Name             string            `json:"name"`
	KeyID            string            `json:"keyId"`
	PluginConfig     map[string]string `json:"pluginConfig"`
	Seconds          float64           `json:"seconds"`
}

type answer = lines.Answer

var operations = lines.Operations[request]{
	"sign":           sign,
	"signWithPlugin": signWithPlugin,
	"verify":         verify,
	"judgePolicies":  judgePolicies,
	"choosePolicies": choosePolicies,
	"policyFiles":    policyFiles,
	"loadPolicy":     loadPolicy,
	"benchSign":      benchSign,
	"benchVerify":    benchVerify,
}

func main() {
	lines.Run(operations)
}
