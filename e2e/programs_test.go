//go:build e2e && (linux || darwin)

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/renpy-cloud/renpyctl/internal/lambdazip"
	"github.com/renpy-cloud/renpyctl/lambda"
)

// TestOtherPrograms deploys what another renpyctl has deployed: a newer one,
// whose syncPlan says so in its log, and a careless one, whose template would
// replace the app client that shipped games know.
func TestOtherPrograms(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("the local cloud runs renpyctl itself here, and not the functions in its zips")
	}
	newer := buildProgram(t, "newer", func(tree string) {
		edit(t, tree+"/lambda/syncplan/main.go", "func main() {\n", "func main() {\n\tos.Stdout.WriteString("+`"`+newCode+`\n"`+")\n")
		zip, err := lambdazip.Build(t.Context(), tree, "./lambda/syncplan", lambda.Arch(hostArch()))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(tree+"/lambda/dist/syncplan-"+hostArch()+".zip", zip, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(tree + "/lambda/dist/" + lambda.SumsFile); err != nil { // it is of the other zips
			t.Fatal(err)
		}
	})
	careless := buildProgram(t, "careless", func(tree string) {
		edit(t, tree+"/cfn/template.yaml", "GenerateSecret: false # the game", "GenerateSecret: true # the game")
	})
	t.Run("releases", func(t *testing.T) { t.Parallel(); releases(t, newer) })
	t.Run("function", func(t *testing.T) { t.Parallel(); functionOnly(t, newer) })
	t.Run("failed update", func(t *testing.T) { t.Parallel(); failedUpdate(t, newer) })
	t.Run("guard", func(t *testing.T) { t.Parallel(); guard(t, careless) })
}

// newCode is what the newer program's syncPlan prints when it starts.
const newCode = "this is the newer code"

// buildProgram builds a renpyctl of that version from a changed copy of this checkout.
func buildProgram(t *testing.T, version string, change func(tree string)) (path string) {
	t.Helper()
	tree := t.TempDir()
	for _, dir := range []string{"cfn", "cmd", "internal", "lambda"} {
		if err := os.CopyFS(filepath.Join(tree, dir), os.DirFS(filepath.Join("..", dir))); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		body, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(tree, name), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	change(tree)
	path = filepath.Join(tree, "renpyctl")
	cmd := exec.Command("go", "build", "-trimpath", "-tags", "lambda.norpc", // as make does, to find its results in the cache
		"-ldflags", "-s -w -X github.com/renpy-cloud/renpyctl/internal/cli.releaseVersion="+version, "-o", path, "./cmd/renpyctl")
	cmd.Dir, cmd.Env = tree, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build the %s program: %v\n%s", version, err, out)
	}
	return path
}

// edit replaces the only place in a file that has that text.
func edit(t *testing.T, file, before, after string) {
	t.Helper()
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(body), before); n != 1 {
		t.Fatalf("%s has %q %d times", file, before, n)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(body), before, after, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// runBy runs another program than the one under test.
func (o operator) runBy(t *testing.T, program string, args ...string) result {
	t.Helper()
	cmd := o.command(args...)
	cmd.Path = program
	return o.finish(t, cmd, cmd.Start())
}
