// Program images makes multi-platform images with go-containerregistry, and chooses among platforms with containerd's
// package platforms.
//
//	images push REFERENCE [docker]   pushes an image index, or a Docker manifest list, to a registry
//	images write FOLDER              writes one into an image layout, under the tag v1
//	images choose                    reads questions, one a line of JSON, and answers each with a line
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sort"

	"github.com/containerd/platforms"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) >= 2 && args[0] == "push":
		index, digests, err := images(len(args) == 3 && args[2] == "docker")
		if err != nil {
			return err
		}
		reference, err := name.ParseReference(args[1])
		if err != nil {
			return err
		}
		if err := remote.WriteIndex(reference, index); err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(digests)
	case len(args) == 2 && args[0] == "write":
		index, digests, err := images(false)
		if err != nil {
			return err
		}
		path, err := layout.Write(args[1], empty.Index)
		if err != nil {
			return err
		}
		tag := map[string]string{"org.opencontainers.image.ref.name": "v1"}
		if err := path.AppendIndex(index, layout.WithAnnotations(tag)); err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(digests)
	case len(args) == 1 && args[0] == "choose":
		return choose()
	}
	return errors.New("push REFERENCE [docker], write FOLDER or choose")
}

// images makes an index of images for amd64 and arm64 with an attestation manifest for the former, and an index of
// images for arm below it; it returns the digests by name too.
func images(docker bool) (v1.ImageIndex, map[string]string, error) {
	digests := map[string]string{}
	indexType, manifestType, configType := types.OCIImageIndex, types.OCIManifestSchema1, types.OCIConfigJSON
	if docker {
		indexType, manifestType, configType = types.DockerManifestList, types.DockerManifestSchema2, types.DockerConfigJSON
	}
	image := func(platform v1.Platform) (mutate.IndexAddendum, error) {
		made, err := random.Image(64, 1)
		if err != nil {
			return mutate.IndexAddendum{}, err
		}
		config, err := made.ConfigFile()
		if err != nil {
			return mutate.IndexAddendum{}, err
		}
		config.OS, config.Architecture, config.Variant = platform.OS, platform.Architecture, platform.Variant
		if made, err = mutate.ConfigFile(made, config); err != nil {
			return mutate.IndexAddendum{}, err
		}
		made = mutate.ConfigMediaType(mutate.MediaType(made, manifestType), configType)
		digest, err := made.Digest()
		digests[platform.String()] = digest.String()
		return mutate.IndexAddendum{Add: made, Descriptor: v1.Descriptor{Platform: &platform}}, err
	}
	index := func(platforms ...v1.Platform) (v1.ImageIndex, error) {
		made := mutate.IndexMediaType(empty.Index, indexType)
		for _, platform := range platforms {
			addendum, err := image(platform)
			if err != nil {
				return nil, err
			}
			made = mutate.AppendManifests(made, addendum)
		}
		return made, nil
	}
	nested, err := index(v1.Platform{OS: "linux", Architecture: "arm", Variant: "v6"}, v1.Platform{OS: "linux", Architecture: "arm", Variant: "v7"})
	if err != nil {
		return nil, nil, err
	}
	root, err := index(v1.Platform{OS: "linux", Architecture: "amd64"}, v1.Platform{OS: "linux", Architecture: "arm64", Variant: "v8"})
	if err != nil {
		return nil, nil, err
	}
	attestation, err := image(v1.Platform{OS: "unknown", Architecture: "unknown"})
	if err != nil {
		return nil, nil, err
	}
	attestation.Descriptor.Annotations = map[string]string{
		"vnd.docker.reference.type":   "attestation-manifest",
		"vnd.docker.reference.digest": digests["linux/amd64"],
	}
	root = mutate.AppendManifests(root, attestation, mutate.IndexAddendum{Add: nested})
	for name, made := range map[string]v1.ImageIndex{"index": root, "nested": nested} {
		digest, err := made.Digest()
		if err != nil {
			return nil, nil, err
		}
		digests[name] = digest.String()
	}
	return root, digests, nil
}

// question asks for the images that a platform can run, best first.
type question struct {
	Wanted string               `json:"wanted"`
	Images []platforms.Platform `json:"images"`
}

func choose() error {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var q question
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			return err
		}
		wanted, err := platforms.Parse(q.Wanted)
		if err != nil {
			fmt.Println("null")
			continue
		}
		matcher, positions := platforms.Only(wanted), []int{}
		for position, image := range q.Images {
			if matcher.Match(image) {
				positions = append(positions, position)
			}
		}
		sort.SliceStable(positions, func(i, j int) bool {
			return matcher.Less(q.Images[positions[i]], q.Images[positions[j]])
		})
		if err := json.NewEncoder(os.Stdout).Encode(positions); err != nil {
			return err
		}
	}
	return lines.Err()
}
