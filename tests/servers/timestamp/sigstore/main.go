// The timestamp authority of Sigstore, as its own command is.
package main

import "github.com/sigstore/timestamp-authority/v2/cmd/timestamp-server/app"

func main() { app.Execute() }
