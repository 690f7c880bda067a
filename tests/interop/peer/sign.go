package main

import (
	"context"
	"time"

	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/registry"
	"github.com/notaryproject/notation-go/signer"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// pushRecorder remembers the signature's manifest, which notation.Sign does not hand out.
type pushRecorder struct {
	registry.Repository
	manifest ocispec.Descriptor
}

// PushSignature leaves the storage to the library, so that the manifest has the form that notation gives it.
func (r *pushRecorder) PushSignature(ctx context.Context, mediaType string, blob []byte, subject ocispec.Descriptor,
	annotations map[string]string) (ocispec.Descriptor, ocispec.Descriptor, error) {
	envelope, manifest, err := r.Repository.PushSignature(ctx, mediaType, blob, subject, annotations)
	r.manifest = manifest
	return envelope, manifest, err
}

// sign opens the layout anew for each request, because the caller may have written to it since the last one.
func sign(req request) (answer, error) {
	keySigner, err := signer.NewGenericSignerFromFiles(req.KeyFile, req.ChainFile)
	if err != nil {
		return nil, err
	}
	repository, err := registry.NewOCIRepository(req.Layout, registry.RepositoryOptions{})
	if err != nil {
		return nil, err
	}
	options, err := signOptions(req, req.Digest)
	if err != nil {
		return nil, err
	}
	recorder := &pushRecorder{Repository: repository}
	if _, err = notation.Sign(context.Background(), keySigner, recorder, options); err != nil {
		return nil, err
	}
	return answer{"signature": recorder.manifest.Digest.String()}, nil
}

// signOptions are the same wherever the artifact is; a request without a TSA's URL asks for no timestamp.
func signOptions(req request, reference string) (notation.SignOptions, error) {
	options := notation.SignOptions{
		SignerSignOptions: notation.SignerSignOptions{
			SignatureMediaType: req.MediaType,
			ExpiryDuration:     time.Duration(req.ExpirySeconds) * time.Second,
		},
		ArtifactReference: reference,
		UserMetadata:      req.Metadata,
	}
	if req.TimestampURL == "" {
		return options, nil
	}
	return options, addTimestamp(req, &options.SignerSignOptions)
}
