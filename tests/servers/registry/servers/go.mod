module notarykit.example/servers

go 1.23.0

require (
	cuelabs.dev/go/oci/ociregistry v0.0.0-20250715075730-49cab49c8e9d
	github.com/google/go-containerregistry v0.20.3
	github.com/opencontainers/go-digest v1.0.0
)

require github.com/opencontainers/image-spec v1.1.1 // indirect
