// Command plugin is a plugin on the plugin framework of the Notary Project. The name of its file decides what it can
// do, so that one program, copied under several names, stands for plugins of every kind.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/notaryproject/notation-plugin-framework-go/cli"
	"github.com/notaryproject/notation-plugin-framework-go/plugin"
)

const version = "1.2.3"

// kinds are the capabilities by the name of the plugin.
var kinds = map[string][]plugin.Capability{
	"go-raw":        {plugin.CapabilitySignatureGenerator},
	"go-envelope":   {plugin.CapabilityEnvelopeGenerator},
	"go-verify":     {plugin.CapabilityTrustedIdentityVerifier, plugin.CapabilityRevocationCheckVerifier},
	"go-identity":   {plugin.CapabilityTrustedIdentityVerifier},
	"go-revocation": {plugin.CapabilityRevocationCheckVerifier},
	"go-depends":    {plugin.CapabilitySignatureGenerator, plugin.CapabilityEnvelopeGenerator},
	"go-all": {
		plugin.CapabilitySignatureGenerator,
		plugin.CapabilityTrustedIdentityVerifier,
		plugin.CapabilityRevocationCheckVerifier,
	},
}

// namedPlugin has the methods of all capabilities; the framework refuses the commands of those that it does not list.
type namedPlugin struct {
	metadata plugin.GetMetadataResponse
}

// main leaves the streams and the exit status to the framework, because they are what hosts are tested against.
func main() {
	self, err := newPlugin(os.Args[0])
	if err != nil {
		fail(err)
	}
	program, err := cli.New(self)
	if err != nil {
		fail(err)
	}
	program.Execute(context.Background(), os.Args)
}

// fail reports as the framework does, so that a host can read it.
func fail(err error) {
	fmt.Fprint(os.Stderr, plugin.NewGenericError(err.Error()).Error())
	os.Exit(1)
}

// newPlugin refuses a name that decides nothing, as that of the file that the build leaves.
func newPlugin(file string) (*namedPlugin, error) {
	name := strings.TrimPrefix(filepath.Base(file), plugin.BinaryPrefix)
	capabilities, known := kinds[name]
	if !known {
		return nil, fmt.Errorf("no plugin is called %q", name)
	}
	return &namedPlugin{plugin.GetMetadataResponse{
		Name:                      name,
		Description:               "A plugin for tests",
		Version:                   version,
		URL:                       "https://example.com/go-plugin",
		SupportedContractVersions: []string{plugin.ContractVersion},
		Capabilities:              capabilities,
	}}, nil
}

// GetMetadata never fails, because a host asks for the metadata before it does anything else. The configuration may
// take capabilities away; without one all are listed, since the framework has no others when it looks for a command.
func (p *namedPlugin) GetMetadata(_ context.Context, req *plugin.GetMetadataRequest) (*plugin.GetMetadataResponse, error) {
	metadata := p.metadata
	if only, set := req.PluginConfig["only"]; set {
		metadata.Capabilities = []plugin.Capability{plugin.Capability(only)}
	}
	return &metadata, nil
}

// admit is the start of every other command: the configuration can make it fail with any code.
func admit(contractVersion string, config map[string]string) error {
	if contractVersion != plugin.ContractVersion {
		return plugin.NewUnsupportedContractVersionError(contractVersion)
	}
	if code, set := config["fail"]; set {
		return plugin.NewError(plugin.ErrorCode(code), "the configuration says that this fails")
	}
	return nil
}
