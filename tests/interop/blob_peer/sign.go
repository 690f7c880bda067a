package main

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"os"
	"time"

	"github.com/notaryproject/notation-core-go/revocation"
	"github.com/notaryproject/notation-core-go/revocation/purpose"
	_ "github.com/notaryproject/notation-core-go/signature/cose" // registers application/cose
	_ "github.com/notaryproject/notation-core-go/signature/jws"  // registers application/jose+json
	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/dir"
	"github.com/notaryproject/notation-go/plugin"
	"github.com/notaryproject/notation-go/signer"
	"github.com/notaryproject/tspclient-go"
)

// stampTimeout is how long the notation command waits for a timestamp.
const stampTimeout = 15 * time.Second

// sign answers with the envelope of a file, signed with a key in a file.
func sign(req request) (answer, error) {
	keySigner, err := signer.NewGenericSignerFromFiles(req.KeyFile, req.ChainFile)
	if err != nil {
		return nil, err
	}
	return signFile(keySigner, req)
}

// signWithPlugin looks for plugins in the request's folder, and nowhere else.
func signWithPlugin(req request) (answer, error) {
	if req.Folder == "" {
		return nil, errors.New("the folder of the plugins is missing")
	}
	found, err := plugin.NewCLIManager(dir.NewSysFS(req.Folder)).Get(context.Background(), req.Name)
	if err != nil {
		return nil, err
	}
	pluginSigner, err := signer.NewPluginSigner(found, req.KeyID, req.PluginConfig)
	if err != nil {
		return nil, err
	}
	return signFile(pluginSigner, req)
}

func signFile(blobSigner notation.BlobSigner, req request) (answer, error) {
	options, err := signOptions(req)
	if err != nil {
		return nil, err
	}
	envelope, err := signOne(blobSigner, req.Blob, options)
	return answer{"envelope": envelope}, err
}

func signOne(blobSigner notation.BlobSigner, path string, options notation.SignBlobOptions) ([]byte, error) {
	blob, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer blob.Close()
	envelope, _, err := notation.SignBlob(context.Background(), blobSigner, blob, options)
	return envelope, err
}

func signOptions(req request) (notation.SignBlobOptions, error) {
	options := notation.SignBlobOptions{
		SignerSignOptions: notation.SignerSignOptions{
			SignatureMediaType: req.MediaType,
			ExpiryDuration:     time.Duration(req.ExpirySeconds) * time.Second,
		},
		ContentMediaType: req.ContentMediaType,
		UserMetadata:     req.Metadata,
	}
	if req.TimestampURL == "" {
		return options, nil
	}
	return options, addTimestamp(req, &options.SignerSignOptions)
}

// addTimestamp has the signer ask a TSA and check the revocation of its chain, as the notation command does.
func addTimestamp(req request, options *notation.SignerSignOptions) error {
	root, err := x509.ParseCertificate(req.TimestampRoot)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AddCert(root)
	timestamper, err := tspclient.NewHTTPTimestamper(&http.Client{Timeout: stampTimeout}, req.TimestampURL)
	if err != nil {
		return err
	}
	validator, err := revocation.NewWithOptions(revocation.Options{CertChainPurpose: purpose.Timestamping})
	if err != nil {
		return err
	}
	options.Timestamper, options.TSARootCAs, options.TSARevocationValidator = timestamper, roots, validator
	return nil
}
