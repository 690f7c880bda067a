package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"cuelabs.dev/go/oci/ociregistry"
	"cuelabs.dev/go/oci/ociregistry/ocimem"
	"cuelabs.dev/go/oci/ociregistry/ociserver"
	"github.com/opencontainers/go-digest"
)

// object is a line of the content file: a manifest, or a blob where the media type is empty.
type object struct {
	Repository string `json:"repository"`
	Tag        string `json:"tag"`
	MediaType  string `json:"mediaType"`
	Content    []byte `json:"content"`
}

// memory is a registry that does all that OCI 1.1 says about referrers.
func memory(s settings) (http.Handler, error) {
	backend := ocimem.New()
	if s.content != "" {
		if err := load(backend, s.content); err != nil {
			return nil, fmt.Errorf("load %s: %w", s.content, err)
		}
	}
	handler := ociserver.New(backend, &ociserver.Options{DisableReferrersAPI: !s.referrers})
	if s.pageSize > 0 {
		handler = paged(handler, s.pageSize)
	}
	return handler, nil
}

// load pushes the objects of a file of JSON lines in their order, without HTTP.
func load(backend *ocimem.Registry, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	decoder := json.NewDecoder(bufio.NewReaderSize(file, 1<<20))
	decoder.DisallowUnknownFields()
	for {
		var next object
		if err := decoder.Decode(&next); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := push(backend, next); err != nil {
			return fmt.Errorf("%s:%s: %w", next.Repository, next.Tag, err)
		}
	}
}

func push(backend *ocimem.Registry, next object) error {
	ctx := context.Background()
	if next.MediaType != "" {
		_, err := backend.PushManifest(ctx, next.Repository, next.Tag, next.Content, next.MediaType)
		return err
	}
	descriptor := ociregistry.Descriptor{
		MediaType: "application/octet-stream",
		Digest:    digest.FromBytes(next.Content),
		Size:      int64(len(next.Content)),
	}
	_, err := backend.PushBlob(ctx, next.Repository, descriptor, bytes.NewReader(next.Content))
	return err
}

// paged shortens lists of repositories and tags, as registries with a limit of their own do.
func paged(next http.Handler, size int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/_catalog" || strings.HasSuffix(r.URL.Path, "/tags/list") {
			query := r.URL.Query()
			if n, err := strconv.Atoi(query.Get("n")); err != nil || n > size {
				query.Set("n", strconv.Itoa(size))
				r.URL.RawQuery = query.Encode()
			}
		}
		next.ServeHTTP(w, r)
	})
}
