package main

import (
	"context"

	"oras.land/oras-go/v2/registry/remote/credentials"
)

// storedCredentials answers with what a file of credentials has for a registry, as the notation command looks it up.
func storedCredentials(req request) (answer, error) {
	store, err := credentials.NewStore(req.Folder, credentials.StoreOptions{})
	if err != nil {
		return nil, err
	}
	found, err := credentials.Credential(store)(context.Background(), credentials.ServerAddressFromRegistry(req.Name))
	if err != nil {
		return nil, err
	}
	return answer{"found": []string{found.Username, found.Password, found.RefreshToken, found.AccessToken}}, nil
}
