//go:build packages

// Package packages looks at what `goreleaser release --snapshot` has left in
// dist: make test-packages.
package packages

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

const dist = "../../dist"

// version is the snapshot's, as in the names of its files.
func version(t *testing.T) string {
	t.Helper()
	var meta struct{ Version string }
	read(t, filepath.Join(dist, "metadata.json"), &meta)
	return meta.Version
}

func read(t *testing.T, file string, into any) {
	t.Helper()
	body, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(body, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// checksums are the files that a release publishes, with their hashes.
func checksums(t *testing.T) map[string]string {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(dist, "checksums.txt"))
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]string{}
	for line := range strings.Lines(string(body)) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		sums[name] = sum
	}
	return sums
}

// Every system has its file, and what is signed speaks of the files that are there.
func TestEverySystem(t *testing.T) {
	v := version(t)
	var want []string
	for _, arch := range []string{"amd64", "arm64"} {
		for _, end := range []string{
			"darwin_" + arch + ".tar.gz", "linux_" + arch + ".tar.gz", "windows_" + arch + ".zip",
			"linux_" + arch + ".deb", "linux_" + arch + ".rpm", "linux_" + arch + ".apk",
			"darwin_" + arch + ".cdx.json", "linux_" + arch + ".cdx.json", "windows_" + arch + ".cdx.json",
		} {
			want = append(want, "renpyctl_"+v+"_"+end)
		}
	}
	sums := checksums(t)
	slices.Sort(want)
	if got := slices.Sorted(maps.Keys(sums)); !slices.Equal(got, want) {
		t.Errorf("a release has\n%q, want\n%q", got, want)
	}
	for name, sum := range sums {
		body, err := os.ReadFile(filepath.Join(dist, name))
		if got := sha256.Sum256(body); err != nil || hex.EncodeToString(got[:]) != sum {
			t.Errorf("%s: %x, %v; checksums.txt says %s", name, got, err, sum)
		}
	}
}

// Homebrew, Scoop and winget fetch the archives of this release, and check them.
func TestManifestsNameTheArchives(t *testing.T) {
	sums, v := checksums(t), version(t)
	for end, systems := range map[string][]string{
		".rb":             {"darwin_amd64.tar.gz", "darwin_arm64.tar.gz", "linux_amd64.tar.gz", "linux_arm64.tar.gz"},
		".json":           {"windows_amd64.zip", "windows_arm64.zip"},
		".installer.yaml": {"windows_amd64.zip", "windows_arm64.zip"},
	} {
		text := strings.ToLower(manifest(t, end))
		for _, system := range systems {
			if sum := sums["renpyctl_"+v+"_"+system]; sum == "" || !strings.Contains(text, sum) {
				t.Errorf("the manifest %s does not have the hash of %s, %q:\n%s", end, system, sum, text)
			}
		}
	}
	for _, shell := range []string{"renpyctl.bash", "_renpyctl", "renpyctl.fish"} {
		if !strings.Contains(manifest(t, ".rb"), "completions/"+shell) {
			t.Errorf("the cask does not install completions/%s", shell)
		}
	}
	if !strings.Contains(manifest(t, ".rb"), `manpage "man/renpyctl.1.gz"`) {
		t.Error("the cask does not install the manual")
	}
}

// manifest is the text of the one manifest in dist's folders whose name ends so.
func manifest(t *testing.T, end string) string {
	t.Helper()
	var found []string
	for _, folder := range []string{"homebrew", "scoop", "winget"} {
		err := filepath.WalkDir(filepath.Join(dist, folder), func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && strings.HasSuffix(path, end) {
				found = append(found, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d manifests end in %s: %q", len(found), end, found)
	}
	body, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// What every package installs, beside the zsh completion, whose folder differs.
var installed = []string{
	"usr/bin/renpyctl",
	"usr/share/bash-completion/completions/renpyctl",
	"usr/share/fish/vendor_completions.d/renpyctl.fish",
	"usr/share/man/man1/renpyctl.1.gz",
	"usr/share/man/man1/renpyctl-deploy.1.gz",
	"usr/share/doc/renpyctl/copyright",
	"usr/share/doc/renpyctl/README.md",
	"usr/share/doc/renpyctl/docs/deploying.md",
}

// The deb is installed by dpkg, below a folder, and its program runs from there:
// it is the snapshot's, carries every function, and bash completes it.
func TestDebInstallsAndRuns(t *testing.T) {
	if _, err := exec.LookPath("dpkg"); err != nil || runtime.GOOS != "linux" {
		t.Skip("no dpkg here")
	}
	root, v := t.TempDir(), version(t)
	for _, dir := range []string{"var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"status", "available"} {
		if err := os.WriteFile(filepath.Join(root, "var/lib/dpkg", file), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	deb := filepath.Join(dist, "renpyctl_"+v+"_linux_"+runtime.GOARCH+".deb")
	install := []string{"dpkg", "--root=" + root, "--log=/dev/null", "--force-not-root", "--install", deb}
	if os.Geteuid() != 0 {
		install = []string{"dpkg-deb", "--extract", deb, root} // which gives files to nobody else
	}
	run(t, install[0], install[1:]...)
	for _, file := range append(installed, "usr/share/zsh/vendor-completions/_renpyctl") {
		if _, err := os.Stat(filepath.Join(root, file)); err != nil {
			t.Error(err)
		}
	}

	program := filepath.Join(root, "usr/bin/renpyctl")
	var got struct {
		Version string
		Zips    []struct{ Function, Architecture string }
	}
	if err := json.Unmarshal(run(t, program, "version", "--output", "json"), &got); err != nil {
		t.Fatal(err)
	}
	if got.Version != v || len(got.Zips) != 4 {
		t.Errorf("the installed program says %+v, want version %s and four zips", got, v)
	}
	completed := run(t, "bash", "-c", `PATH=$1/usr/bin:$PATH && . "$1/usr/share/bash-completion/completions/renpyctl" &&
		complete -p renpyctl && renpyctl __complete rel`, "bash", root)
	if !regexp.MustCompile(`(?s)complete .* renpyctl\n.*releases`).Match(completed) {
		t.Errorf("bash completes %s", completed)
	}
}

func run(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("%s: %v\n%s", cmd, err, exit.Stderr)
	} else if err != nil {
		t.Fatal(err)
	}
	return out
}

// An apk is gzipped tars one after the other: it is read, not installed.
func TestAPKHoldsTheSame(t *testing.T) {
	f, err := os.Open(filepath.Join(dist, "renpyctl_"+version(t)+"_linux_amd64.apk"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		names = append(names, h.Name)
	}
	for _, file := range append(installed, "usr/share/zsh/site-functions/_renpyctl") {
		if !slices.Contains(names, file) {
			t.Errorf("the apk lacks %s: %q", file, names)
		}
	}
}
