// Command reference writes the manual pages of the program from its own command
// tree, for packages:
//
//	go run ./tools/reference FOLDER
//
// Its test holds docs/reference.md, made from the same, current. It renders what
// --help prints itself: cobra's own generator would bring in two parsers of Markdown.
package main

import (
	"fmt"
	"os"

	"github.com/renpy-cloud/renpyctl/internal/cli"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run ./tools/reference FOLDER")
		os.Exit(2)
	}
	if err := writeMan(cli.Tree(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "reference:", err)
		os.Exit(1)
	}
}
