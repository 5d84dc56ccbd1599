package local

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// The versions of Python 3 that requirements.txt has wheels for.
const (
	oldestPython = 10
	newestPython = 14
)

// pythonRange is the same in uv's words.
var pythonRange = fmt.Sprintf(">=3.%d,<3.%d", oldestPython, newestPython+1)

// probe prints a Python's version, then fails if it cannot make virtual
// environments (Debian and Ubuntu have that in a package of its own).
const probe = `import sys; print("%d.%d.%d" % sys.version_info[:3]); sys.stdout.flush(); import venv, ensurepip`

// probeTimeout bounds the start of one Python.
const probeTimeout = 20 * time.Second

// findPython returns the path of a Python that MiniStack runs on: the user's
// own choice, python3, if it will do, else the newest. Each is run, since a name
// on the PATH may be a stand-in for a version that is not installed (pyenv).
func findPython(ctx context.Context, environ []string) (string, error) {
	names := []string{"python3"}
	for minor := newestPython; minor >= oldestPython; minor-- {
		names = append(names, fmt.Sprintf("python3.%d", minor))
	}
	names = append(names, "python")

	var unfit, withoutVenv []string
	for _, name := range names {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		version, err := probePython(ctx, path, environ)
		switch {
		case ctx.Err() != nil:
			return "", ctx.Err()
		case version == "":
			continue
		case !fits(version):
			unfit = append(unfit, name+" is "+version)
		case err != nil:
			withoutVenv = append(withoutVenv, version)
		default:
			return path, nil
		}
	}
	if len(withoutVenv) > 0 {
		return "", noVenv(withoutVenv[0])
	}
	return "", noPython(unfit)
}

// probePython returns a Python's version, "" if it does not run. The error says
// that it cannot make virtual environments.
func probePython(ctx context.Context, path string, environ []string) (version string, err error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "-I", "-c", probe)
	cmd.Env = environ
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}

// fits says whether MiniStack's packages install on a version like "3.12.1".
func fits(version string) bool {
	rest, ok := strings.CutPrefix(version, "3.")
	if !ok {
		return false
	}
	minor, _, _ := strings.Cut(rest, ".")
	n, err := strconv.Atoi(minor)
	return err == nil && n >= oldestPython && n <= newestPython
}

// withoutPython is short: who can install what is missing does not need it.
const withoutPython = "README.md, Without AWS, has the way with Docker"

func noPython(unfit []string) *Error {
	found := "none is"
	if len(unfit) > 0 {
		found = strings.Join(unfit, ", ")
	}
	return &Error{
		Kind: NoPython,
		What: fmt.Sprintf("the local cloud needs Python 3.%d to 3.%d, and %s on the PATH", oldestPython, newestPython, found),
		Hint: "install one (Debian, Ubuntu: sudo apt install python3-venv), or uv, which brings its own; " + withoutPython,
	}
}

func noVenv(version string) *Error {
	major, minor, _ := strings.Cut(version, ".")
	minor, _, _ = strings.Cut(minor, ".")
	return &Error{
		Kind: NoVenv,
		What: fmt.Sprintf("Python %s is here without its venv module", version),
		Hint: fmt.Sprintf("install it (Debian, Ubuntu: sudo apt install python%s.%s-venv), or uv; %s", major, minor, withoutPython),
	}
}
