package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/registry"
	"github.com/notaryproject/notation-go/signer"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"notarykit.example/lines"
	orasregistry "oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/retry"
)

// deleteFailed is in the error where only the index of before could not be removed, which is no failure for notation.
const deleteFailed = "failed to delete dangling referrers index"

// newClient shares no connection with any other client.
func newClient() *auth.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	return &auth.Client{
		Client:   &http.Client{Transport: retry.NewTransport(transport)},
		Cache:    auth.NewCache(),
		ClientID: "notation",
	}
}

// openRemote reaches a repository as the notation command does: where the tag is forced, the API is never asked.
func openRemote(reference string, client *auth.Client, forceReferrersTag bool) (*remote.Repository, error) {
	parsed, err := orasregistry.ParseReference(reference)
	if err != nil {
		return nil, err
	}
	if parsed.Reference == "" {
		return nil, errors.New("the reference has neither a tag nor a digest")
	}
	repository := &remote.Repository{Client: client, Reference: parsed, PlainHTTP: true}
	if forceReferrersTag {
		if err := repository.SetReferrersCapability(false); err != nil {
			return nil, err
		}
	}
	return repository, nil
}

// manifestRecorder remembers the signature's manifest, even where the push fails after the manifest was stored.
type manifestRecorder struct {
	*remote.Repository
	manifest ocispec.Descriptor
}

// Push leaves the storage to the library.
func (r *manifestRecorder) Push(ctx context.Context, expected ocispec.Descriptor, content io.Reader) error {
	if expected.MediaType == ocispec.MediaTypeImageManifest {
		r.manifest = expected
	}
	return r.Repository.Push(ctx, expected, content)
}

// signRemote answers with a warning where only the index of before could not be removed, as notation does.
func signRemote(req request) (answer, error) {
	keySigner, err := signer.NewGenericSignerFromFiles(req.KeyFile, req.ChainFile)
	if err != nil {
		return nil, err
	}
	repository, err := openRemote(req.Reference, newClient(), req.ForceReferrersTag)
	if err != nil {
		return nil, err
	}
	options, err := signOptions(req, req.Reference)
	if err != nil {
		return nil, err
	}
	recorder := &manifestRecorder{Repository: repository}
	_, err = notation.Sign(context.Background(), keySigner, registry.NewRepository(recorder), options)
	members := answer{"signature": recorder.manifest.Digest.String(), "warning": ""}
	if err != nil && strings.Contains(err.Error(), deleteFailed) {
		members["warning"], err = lines.Explain(err), nil
	}
	return members, err
}

// verifyRemote answers as verify does.
func verifyRemote(req request) (answer, error) {
	repository, err := openRemote(req.Reference, newClient(), req.ForceReferrersTag)
	if err != nil {
		return answer{"results": []validation{}}, err
	}
	return verifyIn(registry.NewRepository(repository), req.Reference, req)
}

// listRemote answers with the digests of the signature manifests in the order of the registry.
func listRemote(req request) (answer, error) {
	target, err := openRemote(req.Reference, newClient(), req.ForceReferrersTag)
	if err != nil {
		return nil, err
	}
	repository := registry.NewRepository(target)
	artifact, err := repository.Resolve(context.Background(), target.Reference.Reference)
	if err != nil {
		return nil, err
	}
	digests := []string{}
	err = repository.ListSignatures(context.Background(), artifact, func(manifests []ocispec.Descriptor) error {
		for _, manifest := range manifests {
			digests = append(digests, manifest.Digest.String())
		}
		return nil
	})
	return answer{"digests": digests}, err
}
