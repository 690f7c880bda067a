#!/bin/sh
# oras-go reads a layer of 8 GiB or more as empty, in an image layout in a tar file of the pax format.
#
# Seen with oras.land/oras-go/v2 v2.6.0 (content/oci.NewFromTar, Fetch) and headers of GNU tar 1.34, a layer of 8589934592 bytes:
#   --format=gnu    8589934592 bytes, no error
#   --format=pax             0 bytes, no error
# From 8 GiB on, the size does not fit into the plain header and is in a pax header before it ("size", POSIX.1-2001). The
# store finds the layer, with its size; to read it, it goes to the plain header alone, which says 0. Expected: the layer. What
# checks the digest, as `oras copy` does, then says that the content does not match.
#
# The layer is a hole here, and so takes no place. Ends with 0 while this is so. Needs go 1.23 or later, GNU tar, python3.
set -eu
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
cat > make.py <<'END'
"""A layout in a tar file whose one layer is a number of zeros: its headers are GNU tar's, and its content is a hole."""
import hashlib, json, os, subprocess, sys
size, digest, form = int(sys.argv[1]), sys.argv[2], sys.argv[3]
os.makedirs("layout/blobs/sha256")
os.chdir("layout")
def blob(content, kind):
    name = hashlib.sha256(content).hexdigest()
    open(f"blobs/sha256/{name}", "wb").write(content)
    return {"mediaType": kind, "digest": f"sha256:{name}", "size": len(content)}
layer = {"mediaType": "application/octet-stream", "digest": f"sha256:{digest}", "size": size}
empty = blob(b"{}", "application/vnd.oci.empty.v1+json")
kind = "application/vnd.oci.image.manifest.v1+json"
manifest = {"schemaVersion": 2, "mediaType": kind, "artifactType": "text/plain", "config": empty, "layers": [layer]}
entry = blob(json.dumps(manifest).encode(), kind)
json.dump({"schemaVersion": 2, "manifests": [entry]}, open("index.json", "w"))
json.dump({"imageLayoutVersion": "1.0.0"}, open("oci-layout", "w"))
subprocess.run(["tar", f"--format={form}", "-cf", "../small.tar", "oci-layout", "index.json", "blobs"], check=True)
path = f"blobs/sha256/{digest}"
os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), size)
headers = 512 if form == "gnu" else 1536
with subprocess.Popen(["tar", f"--format={form}", "-cf", "-", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as tar:
    head = tar.stdout.read(headers)
with open("../layout.tar", "wb") as file:
    file.write(head)
    file.seek(headers + (size + 511) // 512 * 512)
    file.write(open("../small.tar", "rb").read())
END
cat > go.mod <<'END'
module layout

go 1.23.0

require (
	github.com/opencontainers/go-digest v1.0.0
	github.com/opencontainers/image-spec v1.1.1
	oras.land/oras-go/v2 v2.6.0
)
END
cat > main.go <<'END'
package main

import (
	"context"
	_ "crypto/sha256"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content/oci"
)

func main() {
	store, err := oci.NewFromTar(context.Background(), "layout.tar")
	if err != nil {
		panic(err)
	}
	size, _ := strconv.ParseInt(os.Args[1], 10, 64)
	layer := ocispec.Descriptor{MediaType: "application/octet-stream", Digest: digest.Digest("sha256:" + os.Args[2]), Size: size}
	reader, err := store.Fetch(context.Background(), layer)
	if err != nil {
		panic(err)
	}
	count, err := io.Copy(io.Discard, reader)
	fmt.Println(count, err)
}
END
go mod tidy > tidy.log 2>&1 || { cat tidy.log; exit 1; }
go build -o read .
# The SHA-256 of 8 GiB of zeros.
digest=ebfb4ef19ae410f190327b5ebd312711263bc7579970e87d9c1e2d84e06b3c25
for form in gnu pax; do
    rm -rf layout
    python3 make.py 8589934592 $digest $form
    echo "$form: $(./read 8589934592 $digest)" | tee $form.out
done
grep -qx "gnu: 8589934592 <nil>" gnu.out
grep -qx "pax: 0 <nil>" pax.out
