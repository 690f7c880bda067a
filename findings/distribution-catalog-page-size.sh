#!/bin/sh
# A registry's two paginated lists, the catalogue of repositories and the tags of a repository, take the same parameter n, the number of
# entries that are wanted at most; a registry that wants to return fewer returns fewer, with a Link to the next page.
#
# Seen with CNCF distribution 3.0.0 (in memory, default settings), three tags in one repository:
#   _catalog?n=1000    200, the repository
#   _catalog?n=1001    400 PAGINATION_NUMBER_INVALID
#   tags/list?n=1001   200, all three tags
# Expected: the same for both, a page that is no longer than the registry likes. A client that asks both lists for large pages
# reads tags and is refused the catalogue.
#
# Ends with 0 while this is so. Needs go 1.24 or later.
set -eu
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
cat > go.mod <<'EOF'
module asks

go 1.24.0

require github.com/distribution/distribution/v3 v3.0.0
EOF
cat > main.go <<'EOF'
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/inmemory"
)

const (
	settings  = "version: 0.1\nlog: {level: error}\nstorage: {inmemory: {}}\n"
	mediaType = "application/vnd.oci.image.index.v1+json"
	index     = `{"schemaVersion":2,"mediaType":"` + mediaType + `","manifests":[]}`
)

type list struct {
	Repositories []string
	Tags         []string
	Errors       []struct{ Code string }
}

func main() {
	parsed, err := configuration.Parse(strings.NewReader(settings))
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(handlers.NewApp(context.Background(), parsed))
	defer server.Close()
	for _, tag := range []string{"a", "b", "c"} {
		request, _ := http.NewRequest("PUT", server.URL+"/v2/team/app/manifests/"+tag, strings.NewReader(index))
		request.Header.Set("Content-Type", mediaType)
		if answer, err := http.DefaultClient.Do(request); err != nil || answer.StatusCode != 201 {
			panic("the tag is not stored")
		}
	}
	for _, path := range []string{"_catalog?n=1000", "_catalog?n=1001", "team/app/tags/list?n=1001"} {
		answer, err := http.Get(server.URL + "/v2/" + path)
		if err != nil {
			panic(err)
		}
		var got list
		if err := json.NewDecoder(answer.Body).Decode(&got); err != nil {
			panic(err)
		}
		fmt.Println(path, answer.StatusCode, got.Repositories, got.Tags, got.Errors)
	}
}
EOF
CGO_ENABLED=0 GOFLAGS=-mod=mod GOTOOLCHAIN=local go run . > told 2> log || { cat log >&2; exit 1; }
cat told
cat > wanted <<'EOF'
_catalog?n=1000 200 [team/app] [] []
_catalog?n=1001 400 [] [] [{PAGINATION_NUMBER_INVALID}]
team/app/tags/list?n=1001 200 [] [a b c] []
EOF
cmp told wanted || { echo "no longer so" >&2; exit 1; }
