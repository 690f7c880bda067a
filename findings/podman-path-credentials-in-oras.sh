#!/bin/sh
# Credentials for two paths of one registry, as `podman login registry.example.com/team-a` keeps them (containers-auth.json(5)), in
# a file that ORAS reads too, as notation and Docker's CLI do: to ORAS each of them is for the whole registry, also for paths that
# neither is for, and which one it answers with changes from look to look (it takes the first match of a Go map).
#
# Seen with oras-go 2.6.0 (registry/remote/credentials) and containers/image 5.36.2 (pkg/docker/config), Go 1.26.8, in 200 looks:
#   containers/image: team-a alice, team-b bob, team-c nobody; always
#   oras:             alice and bob, for every path
# Expected: that one file means one thing to both, or at least the same thing each time. A push that is sometimes refused, with the
# credentials of another team, is what people see of it.
#
# Ends with 0 while this is so. Needs go 1.23 or later.
set -eu
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
cat > auth.json <<'END'
{"auths": {"registry.example.com/team-a": {"auth": "YWxpY2U6YQ=="}, "registry.example.com/team-b": {"auth": "Ym9iOmI="}}}
END
cat > go.mod <<'END'
module looks

go 1.23

require (
	github.com/containers/image/v5 v5.36.2
	oras.land/oras-go/v2 v2.6.0
)
END
cat > main.go <<'END'
package main

import (
	"context"
	"fmt"
	"os"
	"sort"

	"github.com/containers/image/v5/pkg/docker/config"
	"github.com/containers/image/v5/types"
	"oras.land/oras-go/v2/registry/remote/credentials"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	const registry = "registry.example.com"
	seen := map[string]map[string]bool{}
	note := func(who, name string) {
		if seen[who] == nil {
			seen[who] = map[string]bool{}
		}
		seen[who][name] = true
	}
	for range 200 {
		for _, path := range []string{"team-a", "team-b", "team-c"} {
			found, err := config.GetCredentials(&types.SystemContext{AuthFilePath: "auth.json"}, registry+"/"+path+"/app")
			check(err)
			note("containers "+path, found.Username)
		}
		store, err := credentials.NewStore("auth.json", credentials.StoreOptions{})
		check(err)
		found, err := credentials.Credential(store)(context.Background(), registry)
		check(err)
		note("oras", found.Username)
	}
	lines := []string{}
	for who, names := range seen {
		all := []string{}
		for name := range names {
			all = append(all, fmt.Sprintf("%q", name))
		}
		sort.Strings(all)
		lines = append(lines, fmt.Sprint(who, " ", all))
	}
	sort.Strings(lines)
	for _, line := range lines {
		fmt.Fprintln(os.Stdout, line)
	}
}
END
CGO_ENABLED=0 GOFLAGS=-mod=mod GOTOOLCHAIN=local go run -tags containers_image_openpgp . > told
cat told
cat > wanted <<'END'
containers team-a ["alice"]
containers team-b ["bob"]
containers team-c [""]
oras ["alice" "bob"]
END
cmp told wanted || { echo "no longer so" >&2; exit 1; }
