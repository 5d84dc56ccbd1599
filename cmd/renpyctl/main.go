// Command renpyctl deploys and runs the sync backend of a Ren'Py game. See
// package cli for its commands and README.md for what it is for.
package main

import (
	"os"

	"github.com/renpy-cloud/renpyctl/internal/cli"
	_ "github.com/renpy-cloud/renpyctl/internal/heap" // for what it sets
)

func main() { os.Exit(cli.Main()) }
