package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/dir"
	host "github.com/notaryproject/notation-go/plugin"
	"github.com/notaryproject/notation-go/plugin/proto"
	"github.com/notaryproject/notation-go/signer"
	"github.com/notaryproject/notation-plugin-framework-go/plugin"
	"notarykit.example/lines"
)

// newManager needs a folder, because the library would take an empty one for the root of the file system.
func newManager(req request) (*host.CLIManager, error) {
	if req.Folder == "" {
		return nil, errors.New("the folder of the plugins is missing")
	}
	return host.NewCLIManager(dir.NewSysFS(req.Folder)), nil
}

// getPlugin runs nothing yet: the library only looks for the file.
func getPlugin(req request) (plugin.Plugin, error) {
	manager, err := newManager(req)
	if err != nil {
		return nil, err
	}
	return manager.Get(context.Background(), req.Name)
}

// pluginList answers with the folders that the library takes for plugins, whatever is in them.
func pluginList(req request) (answer, error) {
	manager, err := newManager(req)
	if err != nil {
		return nil, err
	}
	names, err := manager.List(context.Background())
	if err != nil {
		return nil, err
	}
	return answer{"names": append([]string{}, names...)}, nil // never nil, which JSON would write as null
}

// pluginMetadata leaves the checks of the metadata to the library.
func pluginMetadata(req request) (answer, error) {
	found, err := getPlugin(req)
	if err != nil {
		return nil, err
	}
	metadata, err := found.GetMetadata(context.Background(), &plugin.GetMetadataRequest{PluginConfig: req.PluginConfig})
	if err != nil {
		return pluginError(err), err
	}
	return answer{"metadata": metadata}, nil
}

// pluginSign signs any descriptor, because the library's signer does not look for the artifact.
func pluginSign(req request) (answer, error) {
	found, err := getPlugin(req)
	if err != nil {
		return nil, err
	}
	pluginSigner, err := signer.NewPluginSigner(found, req.KeyID, req.PluginConfig)
	if err != nil {
		return nil, err
	}
	envelope, _, err := pluginSigner.Sign(context.Background(), req.Descriptor, notation.SignerSignOptions{
		SignatureMediaType: req.MediaType,
		ExpiryDuration:     time.Duration(req.ExpirySeconds) * time.Second,
	})
	if err != nil {
		return pluginError(err), err
	}
	annotations := notNil(pluginSigner.PluginAnnotations())
	return answer{"envelope": envelope, "mediaType": req.MediaType, "annotations": annotations}, nil
}

// pluginCall sends a request past the library's signer and verifier, which would check the response.
func pluginCall(req request) (answer, error) {
	found, err := getPlugin(req)
	if err != nil {
		return nil, err
	}
	switch plugin.Command(req.Command) {
	case plugin.CommandDescribeKey:
		return call(req.Request, found.DescribeKey)
	case plugin.CommandGenerateSignature:
		return call(req.Request, found.GenerateSignature)
	case plugin.CommandGenerateEnvelope:
		return call(req.Request, found.GenerateEnvelope)
	case plugin.CommandVerifySignature:
		return call(req.Request, found.VerifySignature)
	default:
		return nil, fmt.Errorf("no call is known for the command %q", req.Command)
	}
}

// call answers with the response as the library read it, and not with the bytes that the plugin wrote.
func call[Q, R any](text json.RawMessage, method func(context.Context, *Q) (*R, error)) (answer, error) {
	question, err := lines.Decode[Q](text)
	if err != nil {
		return nil, fmt.Errorf("broken request for the plugin: %w", err)
	}
	response, err := method(context.Background(), &question)
	if err != nil {
		return pluginError(err), err
	}
	return answer{"response": response}, nil
}

// verifyWithPlugins answers as verify does; it is an operation of its own so that a missing folder is an error.
func verifyWithPlugins(req request) (answer, error) {
	if _, err := newManager(req); err != nil {
		return answer{"results": []validation{}}, err
	}
	members, err := verify(req)
	for name, value := range pluginError(err) {
		members[name] = value
	}
	return members, err
}

// pluginError holds the members of a plugin's own error, and none where the library failed to get one from it.
func pluginError(err error) answer {
	var reported proto.RequestError
	if !errors.As(err, &reported) {
		return answer{}
	}
	message := ""
	if reported.Err != nil {
		message = reported.Err.Error()
	}
	return answer{"errorCode": reported.Code, "errorMessage": message, "errorMetadata": notNil(reported.Metadata)}
}

// notNil gives a map that JSON does not write as null.
func notNil(members map[string]string) map[string]string {
	if members == nil {
		return map[string]string{}
	}
	return members
}
