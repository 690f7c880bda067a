// Command peer lets the Go libraries of the Notary Project answer for themselves, in their released versions.
package main

import (
	"encoding/json"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"notarykit.example/lines"
)

// request holds the members of all operations; each operation reads its own and ignores the rest.
type request struct {
	lines.Named
	Layout               string             `json:"layout"`
	Digest               string             `json:"digest"`
	MediaType            string             `json:"mediaType"`
	Metadata             map[string]string  `json:"metadata"`
	KeyFile              string             `json:"keyFile"`
	ChainFile            string             `json:"chainFile"`
	ExpirySeconds        int64              `json:"expirySeconds"`
	Scope                string             `json:"scope"`
	Policy               json.RawMessage    `json:"policy"`
	TrustStore           string             `json:"trustStore"`
	Envelope             []byte             `json:"envelope"`
	Files                []string           `json:"files"`
	Seconds              float64            `json:"seconds"`
	Reference            string             `json:"reference"`
	References           []string           `json:"references"`
	Workers              int                `json:"workers"`
	Rounds               int                `json:"rounds"`
	ForceReferrersTag    bool               `json:"forceReferrersTag"`
	Folder               string             `json:"folder"`
	Name                 string             `json:"name"`
	KeyID                string             `json:"keyId"`
	PluginConfig         map[string]string  `json:"pluginConfig"`
	Descriptor           ocispec.Descriptor `json:"descriptor"`
	Command              string             `json:"command"`
	Request              json.RawMessage    `json:"request"`
	Token                []byte             `json:"token"`
	Message              []byte             `json:"message"`
	Roots                [][]byte           `json:"roots"`
	At                   time.Time          `json:"at"`
	Chain                [][]byte           `json:"chain"`
	Purpose              string             `json:"purpose"`
	AuthenticSigningTime time.Time          `json:"authenticSigningTime"`
	CacheFolder          string             `json:"cacheFolder"`
	OCSPSeconds          float64            `json:"ocspSeconds"`
	CRLSeconds           float64            `json:"crlSeconds"`
	URL                  string             `json:"url"`
	Root                 []byte             `json:"root"`
	Hash                 string             `json:"hash"`
	TimestampURL         string             `json:"timestampUrl"`
	TimestampRoot        []byte             `json:"timestampRoot"`
}

type answer = lines.Answer

var operations = lines.Operations[request]{
	"sign":                sign,
	"verify":              verify,
	"verifyEnvelope":      verifyEnvelope,
	"bench":               bench,
	"signRemote":          signRemote,
	"verifyRemote":        verifyRemote,
	"listRemote":          listRemote,
	"benchRemote":         benchRemote,
	"benchSignRemote":     benchSignRemote,
	"benchPosts":          benchPosts,
	"plugin-list":         pluginList,
	"plugin-metadata":     pluginMetadata,
	"plugin-sign":         pluginSign,
	"plugin-call":         pluginCall,
	"verify-with-plugins": verifyWithPlugins,
	"timestampVerify":     timestampVerify,
	"stamp":               stamp,
	"revocationCheck":     revocationCheck,
	"benchCrl":            benchCrl,
	"parseReference":      parseReference,
	"resolveArchive":      resolveArchive,
	"writeArchive":        writeArchive,
	"storedCredentials":   storedCredentials,
	"documents":           documents,
	"choosePolicies":      choosePolicies,
}

func main() {
	lines.Run(operations)
}
