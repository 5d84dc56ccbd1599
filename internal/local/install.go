package local

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// install makes the virtual environment that MiniStack runs in, once for every
// requirements.txt. It stands where it will run, since such a folder cannot be
// moved; one without its mark, left by an install that was cut off, is made anew.
func (c *Cloud) install(ctx context.Context, progress func(step string)) error {
	if c.installed() {
		return nil
	}
	// Clouds on other ports share the environment, hence a lock beside theirs.
	unlock, err := lock(ctx, filepath.Join(c.cfg.Dir, "install.lock"), func() {
		progress("waiting for another renpyctl to install MiniStack")
	})
	if err != nil {
		return err
	}
	defer unlock()
	if c.installed() {
		return nil
	}
	progress("installing MiniStack " + Version + " (once; some 25 MB to fetch)")
	if err := c.build(ctx); err != nil {
		os.RemoveAll(c.venv) // gives a full disk its space back
		return err
	}
	c.prune()
	return nil
}

// build makes the environment from nothing.
func (c *Cloud) build(ctx context.Context) error {
	if err := os.RemoveAll(c.venv); err != nil {
		return err
	}
	commands, err := c.recipe(ctx)
	if err != nil {
		return err
	}
	for _, args := range commands {
		if err := c.run(ctx, args); err != nil {
			return err
		}
	}
	// The umask may let others write there, and private would refuse it.
	if err := os.Chmod(c.venv, 0o700); err != nil {
		return err
	}
	return c.markInstalled()
}

// prune deletes the environments of other versions, unless a cloud in this
// folder runs and may need one. What cannot be deleted is only space lost.
func (c *Cloud) prune() {
	locks, _ := filepath.Glob(filepath.Join(c.cfg.Dir, "*", "alive"))
	for _, lock := range locks {
		if running, err := held(lock); err != nil || running {
			return
		}
	}
	environments, _ := filepath.Glob(filepath.Join(c.cfg.Dir, "ministack-*"))
	for _, dir := range environments {
		if dir != c.venv {
			os.RemoveAll(dir)
		}
	}
}

// recipe is the commands that make the environment: by uv if it is there, else
// by Python's own means. Both check every file against its hash, and take built
// packages only: a source package would bring and run tools that no hash names.
func (c *Cloud) recipe(ctx context.Context) ([][]string, error) {
	if uv, err := exec.LookPath("uv"); err == nil {
		return [][]string{
			{uv, "venv", "--quiet", "--no-project", "--python", pythonRange, c.venv},
			{uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", c.python(),
				"--require-hashes", "--only-binary", ":all:", "--requirement", "-"},
		}, nil
	}
	python, err := findPython(ctx, c.cfg.Environ)
	if err != nil {
		return nil, err
	}
	return [][]string{
		{python, "-I", "-m", "venv", c.venv},
		{c.python(), "-I", "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check",
			"--require-hashes", "--only-binary", ":all:", "--requirement", "/dev/stdin"},
	}, nil
}

// run runs one command of the recipe, with requirements.txt as its input.
func (c *Cloud) run(ctx context.Context, args []string) error {
	var output bytes.Buffer
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = c.cfg.Dir
	cmd.Env = c.cfg.Environ
	cmd.Stdin = strings.NewReader(requirements)
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	default:
		return installFailed(err, output.String())
	}
}

func installFailed(cause error, output string) *Error {
	if diskFull(output) {
		return noSpace(cause)
	}
	if strings.Contains(output, "No interpreter found") { // uv, with its downloads switched off
		return noPython(nil)
	}
	return &Error{
		Kind:   InstallFailed,
		What:   "MiniStack " + Version + " could not be installed",
		Hint:   "check the way to PyPI: pip and uv take proxies and mirrors from the environment",
		Output: lastLines(output, 6),
		Err:    cause,
	}
}

// python is the environment's own interpreter.
func (c *Cloud) python() string { return filepath.Join(c.venv, "bin", "python") }

// mark is the file that an environment is complete with. It names what the
// environment was made for.
func (c *Cloud) mark() string { return filepath.Join(c.venv, "complete") }

func (c *Cloud) installed() bool {
	marked, err := os.ReadFile(c.mark())
	if err != nil {
		return false
	}
	is, err := c.madeFor()
	return err == nil && is == string(marked)
}

// madeFor is what an environment is made for: a Python, since the link to it leads
// elsewhere, or nowhere, once the system's has been upgraded, and the packages are
// then not found; and a kind of computer, since home folders are copied to new ones.
func (c *Cloud) madeFor() (string, error) {
	python, err := filepath.EvalSymlinks(c.python())
	return python + " on " + runtime.GOOS + "/" + runtime.GOARCH, err
}

func (c *Cloud) markInstalled() error {
	is, err := c.madeFor()
	if err != nil {
		return err
	}
	return noSpaceOr(os.WriteFile(c.mark(), []byte(is), 0o600))
}

// pythonVersion is the version of the environment's Python, "" before it is installed.
func (c *Cloud) pythonVersion() string {
	if !c.installed() {
		return ""
	}
	text, err := os.ReadFile(filepath.Join(c.venv, "pyvenv.cfg"))
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(line, "=")
		// venv says "version", uv "version_info".
		if key = strings.TrimSpace(key); key == "version" || key == "version_info" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
