package main

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"oras.land/oras-go/v2/content/oci"
	"oras.land/oras-go/v2/registry"
)

// parseReference takes a registry reference apart.
func parseReference(req request) (answer, error) {
	found, err := registry.ParseReference(req.Reference)
	if err != nil {
		return nil, err
	}
	return answer{"repository": found.Registry + "/" + found.Repository, "reference": found.Reference}, nil
}

// resolveArchive looks a tag up in a tar file of an image layout.
func resolveArchive(req request) (answer, error) {
	ctx := context.Background()
	store, err := oci.NewFromTar(ctx, req.Layout)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", req.Layout, err)
	}
	found, err := store.Resolve(ctx, req.Reference)
	if err != nil {
		return nil, err
	}
	return answer{"digest": found.Digest}, nil
}

// formats has the ones that hold all that the file system says; without a name, the writer chooses one.
var formats = map[string]tar.Format{"pax": tar.FormatPAX, "gnu": tar.FormatGNU}

// writeArchive writes the files of a folder into a tar file, with what the file system says of them.
func writeArchive(req request) (answer, error) {
	file, err := os.Create(req.Layout)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	writer := tar.NewWriter(file)
	err = filepath.WalkDir(req.Folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == req.Folder {
			return err
		}
		return addToArchive(writer, req.Folder, path, entry, formats[req.Name])
	})
	if err != nil {
		return nil, err
	}
	return answer{}, writer.Close()
}

func addToArchive(writer *tar.Writer, folder, path string, entry fs.DirEntry, format tar.Format) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	header, err := tar.FileInfoHeader(info, "")
	if err != nil {
		return err
	}
	if header.Name, err = filepath.Rel(folder, path); err != nil {
		return err
	}
	if entry.IsDir() {
		header.Name += "/"
	}
	header.Format = format
	if err := writer.WriteHeader(header); err != nil || entry.IsDir() {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(writer, file)
	return err
}
