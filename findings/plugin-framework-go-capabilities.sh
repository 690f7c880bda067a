#!/bin/sh
# A plugin on notation-plugin-framework-go whose capabilities depend on `pluginConfig` cannot be asked for what it says that it
# can do: the framework calls the plugin's GetMetadata without the configuration to decide which commands there are.
#
# Seen with notation-plugin-framework-go v1.0.0 (cli/cli.go, validateArgs) and Go 1.26.8. The plugin below has the capability
# SIGNATURE_GENERATOR.RAW if the configuration says form=raw, and SIGNATURE_GENERATOR.ENVELOPE otherwise:
#   get-plugin-metadata with {"pluginConfig":{"form":"raw"}}  ->  "capabilities":["SIGNATURE_GENERATOR.RAW"]
#   describe-key with the same configuration                  ->  exit code 1, and on standard error, in plain text:
#       Invalid command, valid commands are: <generate-envelope|get-plugin-metadata|version>
# Expected: an answer. The plugin specification sends `pluginConfig` with get-plugin-metadata ("Plugin metadata"), and notation-go
# chooses by the answer which command comes next; a plugin has to list everything where there is no configuration.
#
# Ends with 0 while this is so. Needs go 1.21 or later.
set -eu
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
cat > go.mod <<'END'
module depending

go 1.21

require github.com/notaryproject/notation-plugin-framework-go v1.0.0
END
cat > main.go <<'END'
package main

import (
	"context"
	"os"

	"github.com/notaryproject/notation-plugin-framework-go/cli"
	"github.com/notaryproject/notation-plugin-framework-go/plugin"
)

type depending struct{ plugin.Plugin }

func (depending) GetMetadata(_ context.Context, req *plugin.GetMetadataRequest) (*plugin.GetMetadataResponse, error) {
	capability := plugin.CapabilityEnvelopeGenerator
	if req.PluginConfig["form"] == "raw" {
		capability = plugin.CapabilitySignatureGenerator
	}
	return &plugin.GetMetadataResponse{Name: "depending", Description: "d", Version: "1.0.0", URL: "https://example.com",
		SupportedContractVersions: []string{plugin.ContractVersion}, Capabilities: []plugin.Capability{capability}}, nil
}

func (depending) DescribeKey(_ context.Context, req *plugin.DescribeKeyRequest) (*plugin.DescribeKeyResponse, error) {
	return &plugin.DescribeKeyResponse{KeyID: req.KeyID, KeySpec: plugin.KeySpecEC256}, nil
}

func main() {
	program, err := cli.New(depending{})
	if err != nil {
		os.Exit(3)
	}
	program.Execute(context.Background(), os.Args)
}
END
export GOFLAGS=-mod=mod GOTOOLCHAIN=local
go mod tidy > tidied 2>&1 || { cat tidied >&2; exit 2; }
go build -o notation-depending .
echo '{"pluginConfig":{"form":"raw"}}' | ./notation-depending get-plugin-metadata > metadata
grep -q '"capabilities":\["SIGNATURE_GENERATOR.RAW"\]' metadata
code=0
echo '{"contractVersion":"1.0","keyId":"k","pluginConfig":{"form":"raw"}}' | ./notation-depending describe-key 2> told || code=$?
if [ "$code" = 0 ]; then
    echo "no longer so: the framework answers describe-key" >&2
    exit 1
fi
cat metadata told
[ "$code" = 1 ]
grep -q "^Invalid command, valid commands are: <generate-envelope|get-plugin-metadata|version>" told
