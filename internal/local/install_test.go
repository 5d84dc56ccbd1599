//go:build linux || darwin

package local

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// bin makes a folder of shell scripts and puts it in place of the PATH.
func bin(t *testing.T, scripts map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, body := range scripts {
		write(t, filepath.Join(dir, name), "#!/bin/sh\n"+body+"\n")
	}
	t.Setenv("PATH", dir)
	return dir
}

func TestFindPython(t *testing.T) {
	const missing = "; exit 1" // what comes of `import venv, ensurepip`
	for _, test := range []struct {
		name    string
		scripts map[string]string
		want    string // command
		kind    Kind
		what    string
	}{
		{"the user's own", map[string]string{"python3": "echo 3.12.1", "python3.14": "echo 3.14.0"}, "python3", 0, ""},
		{"the newest beside one too old", map[string]string{"python3": "echo 3.9.2", "python3.10": "echo 3.10.4", "python3.13": "echo 3.13.0"}, "python3.13", 0, ""},
		{"one beside one too new", map[string]string{"python3": "echo 3.15.0", "python3.14": "echo 3.14.1"}, "python3.14", 0, ""},
		{"plain python", map[string]string{"python": "echo 3.11.0"}, "python", 0, ""},
		{"a stand-in that does not run", map[string]string{"python3": "echo pyenv: not found >&2; exit 127", "python3.11": "echo 3.11.7"}, "python3.11", 0, ""},
		{"one beside one without venv", map[string]string{"python3": "echo 3.11.2" + missing, "python3.12": "echo 3.12.0"}, "python3.12", 0, ""},

		{"none", nil, "", NoPython, "the local cloud needs Python 3.10 to 3.14, and none is on the PATH"},
		{"only old ones", map[string]string{"python3": "echo 3.9.2", "python": "echo 2.7.18" + missing}, "", NoPython,
			"the local cloud needs Python 3.10 to 3.14, and python3 is 3.9.2, python is 2.7.18 on the PATH"},
		{"one without venv", map[string]string{"python3": "echo 3.11.2" + missing}, "", NoVenv, "Python 3.11.2 is here without its venv module"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := bin(t, test.scripts)
			got, err := findPython(t.Context(), nil)
			if test.kind == 0 {
				if err != nil || got != filepath.Join(dir, test.want) {
					t.Errorf("%q, %v, want %s", got, err, test.want)
				}
				return
			}
			if !isKind(err, test.kind) || err.Error() != test.what {
				t.Errorf("%q, %v, want kind %d, %q", got, err, test.kind, test.what)
			}
			if e, _ := errors.AsType[*Error](err); e != nil && (!strings.Contains(e.Hint, "-venv), or uv") || !strings.HasSuffix(e.Hint, withoutPython)) {
				t.Errorf("hint %q does not name the package, and the way without Python", e.Hint)
			}
		})
	}
	t.Run("interrupted", func(t *testing.T) {
		bin(t, map[string]string{"python3": "exec /bin/sleep 600"})
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if _, err := findPython(ctx, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the context's", err)
		}
	})
}

// TestREADMEHasTheWayWithoutPython: the hints only say where it is.
func TestREADMEHasTheWayWithoutPython(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, without, _ := strings.Cut(string(readme), "\n## Without AWS\n")
	without, _, _ = strings.Cut(without, "\n## ")
	if want := "ministackorg/ministack:" + Version + "\n"; !strings.Contains(without, want) {
		t.Errorf("README.md, Without AWS, does not have %s", want)
	}
}

func TestNoVenvNamesTheDebianPackage(t *testing.T) {
	if e := noVenv("3.11.2"); !strings.Contains(e.Hint, "apt install python3.11-venv") {
		t.Errorf("hint %q", e.Hint)
	}
}

// A stand-in for uv: `uv venv … DIR` makes the folder, `uv pip install …` keeps
// what it reads. Each call is noted in $CALLS.
const fakeUV = `
echo "$*" >> "$CALLS"
if [ "$1" = venv ]; then
	for dir; do :; done
	/bin/mkdir -p "$dir/bin" && /bin/ln -s "$PYTHON" "$dir/bin/python"
else
	/bin/cat > "$CALLS.input"
fi`

func newUninstalled(t *testing.T, uv string) (c *Cloud, calls string) {
	t.Helper()
	bin(t, map[string]string{"uv": uv})
	dir := t.TempDir()
	python := filepath.Join(dir, "python3.12")
	write(t, python, "")
	calls = filepath.Join(dir, "calls")
	c, err := New(Config{Dir: filepath.Join(dir, "cache"), Environ: []string{"CALLS=" + calls, "PYTHON=" + python}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(c.cfg.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return c, calls
}

func TestInstall(t *testing.T) {
	c, calls := newUninstalled(t, fakeUV)
	install := func() (steps []string) {
		t.Helper()
		if err := c.install(t.Context(), func(step string) { steps = append(steps, step) }); err != nil {
			t.Fatal(err)
		}
		return steps
	}
	if steps := install(); len(steps) != 1 || !strings.HasPrefix(steps[0], "installing MiniStack "+Version) {
		t.Errorf("steps %q", steps)
	}
	want := "venv --quiet --no-project --python >=3.10,<3.15 " + c.venv + "\n" +
		"pip install --quiet --compile-bytecode --python " + c.venv + "/bin/python --require-hashes --only-binary :all: --requirement -\n"
	if got := read(t, calls); got != want {
		t.Errorf("ran\n%swant\n%s", got, want)
	}
	if read(t, calls+".input") != requirements {
		t.Error("the requirements are not what is installed")
	}
	if steps := install(); steps != nil {
		t.Errorf("installed twice: %q", steps)
	}

	// Cut off before its mark was written: made anew.
	if err := os.Remove(c.mark()); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(c.venv, "lib", "half"), "")
	if steps := install(); len(steps) != 1 {
		t.Errorf("a half-made environment is used: %q", steps)
	}
	if _, err := os.Stat(filepath.Join(c.venv, "lib", "half")); err == nil {
		t.Error("a half-made environment was built upon")
	}

	// The system's Python has become another.
	if err := os.Remove(c.python()); err != nil {
		t.Fatal(err)
	}
	write(t, c.python(), "")
	if steps := install(); len(steps) != 1 {
		t.Errorf("an environment of a Python that is gone is used: %q", steps)
	}

	// The folder comes from another kind of computer, on which Python was in the same place.
	write(t, c.mark(), strings.TrimSuffix(read(t, c.mark()), runtime.GOARCH)+"z80")
	if steps := install(); len(steps) != 1 {
		t.Errorf("an environment of another processor is used: %q", steps)
	}
}

func TestInstallFails(t *testing.T) {
	for _, test := range []struct {
		name, uv string
		kind     Kind
		output   []string
	}{
		{"no network", "for dir; do :; done; /bin/mkdir -p \"$dir\"; echo; echo Looking; echo 'error: Failed to fetch'; exit 2", InstallFailed, []string{"Looking", "error: Failed to fetch"}},
		{"pip's disk full", "echo 'ERROR: [Errno 28] No space left on device'; exit 1", NoSpace, nil},
		{"uv's disk full", "echo 'error: failed to write: No space left on device (os error 28)'; exit 2", NoSpace, nil},
		{"uv without a Python", "echo 'error: No interpreter found for Python >=3.10, <3.15 in managed installations or search path'; exit 2", NoPython, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, _ := newUninstalled(t, test.uv)
			err := c.install(t.Context(), func(string) {})
			e, ok := errors.AsType[*Error](err)
			if !ok || e.Kind != test.kind || !slices.Equal(e.Output, test.output) || e.Hint == "" {
				t.Errorf("%#v, want kind %d, output %q", err, test.kind, test.output)
			}
			if _, err := os.Stat(c.venv); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("something half made is left: %v", err)
			}
		})
	}
	t.Run("interrupted", func(t *testing.T) {
		c, _ := newUninstalled(t, "exec /bin/sleep 600")
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if err := c.install(ctx, func(string) {}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the context's", err)
		}
	})
}

func TestInstallDeletesOtherVersions(t *testing.T) {
	c, _ := newUninstalled(t, fakeUV)
	old := filepath.Join(c.cfg.Dir, "ministack-1.0.0-abc")
	install := func() {
		t.Helper()
		write(t, filepath.Join(old, "complete"), "")
		if err := os.RemoveAll(c.venv); err != nil {
			t.Fatal(err)
		}
		if err := c.install(t.Context(), func(string) {}); err != nil {
			t.Fatal(err)
		}
	}
	alive := filepath.Join(c.cfg.Dir, "4570", "alive")
	write(t, alive, "")
	unlock, err := lock(t.Context(), alive, func() {})
	if err != nil {
		t.Fatal(err)
	}
	install()
	if _, err := os.Stat(old); err != nil {
		t.Errorf("deleted under a cloud that runs: %v", err)
	}
	unlock()
	install()
	if _, err := os.Stat(old); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an old version is left: %v", err)
	}
	if !c.installed() {
		t.Error("the new one is gone too")
	}
}

// Without uv it is Python's own venv and pip, with the same two safeguards.
func TestRecipeWithoutUV(t *testing.T) {
	c, _ := newUninstalled(t, fakeUV)
	dir := bin(t, map[string]string{"python3": "echo 3.12.1"})
	commands, err := c.recipe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(commands) != 2 || !slices.Equal(commands[0], []string{dir + "/python3", "-I", "-m", "venv", c.venv}) {
		t.Errorf("commands %q", commands)
	}
	for _, flag := range []string{"--require-hashes", "--only-binary"} {
		if !slices.Contains(commands[1], flag) {
			t.Errorf("%q lacks %s", commands[1], flag)
		}
	}
}

func TestRequirementsArePinned(t *testing.T) {
	if !strings.Contains(requirements, "\nministack=="+Version+" ") {
		t.Errorf("requirements.txt does not pin MiniStack %s", Version)
	}
	pinned := regexp.MustCompile(`^[a-z0-9-]+==[0-9][0-9a-z.]*( ; [^\\]+)? \\$`)
	hash := regexp.MustCompile(`^    --hash=sha256:[0-9a-f]{64}( \\)?$`)
	packages, hashes := 0, 0
	for line := range strings.Lines(requirements) {
		switch line = strings.TrimSuffix(line, "\n"); {
		case strings.HasPrefix(line, "#"):
		case pinned.MatchString(line):
			packages++
		case hash.MatchString(line):
			hashes++
		default:
			t.Errorf("neither a pinned package nor a hash: %q", line)
		}
	}
	if packages < 20 || hashes < 2*packages {
		t.Errorf("%d packages with %d hashes", packages, hashes)
	}
	for _, name := range []string{"cryptography", "cffi", "pycparser"} {
		if !strings.Contains(requirements, "\n"+name+"==") {
			t.Errorf("%s is missing, so that no token can be verified", name)
		}
	}
	if !strings.Contains(requirements, "\ncbor2==") {
		t.Error("cbor2 is missing, so that CloudWatch's calls are not understood")
	}
}
