package lambdazip

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/renpy-cloud/renpyctl/lambda"
)

// TestFunctionsBuildTheSameFromACopy builds each function from this tree and
// from a copy of it in another folder.
func TestFunctionsBuildTheSameFromACopy(t *testing.T) {
	root := filepath.Join("..", "..")
	elsewhere := t.TempDir()
	for _, dir := range []string{"internal", "lambda"} {
		if err := os.CopyFS(filepath.Join(elsewhere, dir), os.DirFS(filepath.Join(root, dir))); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(elsewhere, file), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}

	for _, f := range lambda.Functions() {
		t.Run(f.Name, func(t *testing.T) {
			var zips [][]byte
			for _, dir := range []string{root, elsewhere} {
				data, err := Build(t.Context(), dir, "./lambda/"+f.Command, lambda.ARM64)
				if err != nil {
					t.Fatal(err)
				}
				zips = append(zips, data)
			}
			if !bytes.Equal(zips[0], zips[1]) {
				t.Errorf("two builds differ: %d and %d bytes", len(zips[0]), len(zips[1]))
			}
		})
	}
}
