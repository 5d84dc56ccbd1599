// Package local is the local cloud: it installs, starts, awaits and stops
// MiniStack, an AWS emulator from PyPI, on 127.0.0.1.
//
// Everything lives below one folder ([Config.Dir]):
//
//	ministack-1.5.33-<key>/   the virtual environment; <key> is a hash of requirements.txt
//	<port>/                   one cloud: each port has its own state, log and process
//	    lock                  held by the renpyctl that is starting or stopping it
//	    alive                 held by MiniStack itself, for as long as it runs
//	    secret                the secret access key that calls to it are signed with
//	    origins               whose pages may reach it, a line each (guard.py)
//	    guard.py              what is started: MiniStack behind a guard
//	    unsaved               there from its start until it has written everything down at its end
//	    ministack.log         what it says; ministack.log.1 is the log before
//	    state/, s3/           what it remembers
//	    home/, tmp/           its HOME and TMPDIR; tmp/ministack-<port>.pid is its process id
//
// Nothing here can go stale. Both locks are the operating system's and end with
// the process that holds them, so neither a killed renpyctl nor a killed
// MiniStack is in anyone's way, and a process id is believed only while "alive"
// is held, so that no other process is ever signalled.
//
// MiniStack 1.5.33 keeps objects of S3 on disk as they come, and everything
// else in memory until it is told to end: it then writes its state, in some
// 50 ms (app.py, "lifespan.shutdown"). [Cloud.Down] therefore asks and waits.
// After a crash, a kill -9 or a power failure it starts with what the last
// orderly end left behind.
package local

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"
)

// Version is the release of MiniStack that requirements.txt pins.
const Version = "1.5.33"

// DefaultPort is the port that MiniStack's own documentation uses.
const DefaultPort = 4566

//go:embed requirements.txt
var requirements string

// Config says where the local cloud lives.
type Config struct {
	Dir  string // folder of everything it keeps, as an absolute path
	Port int    // port on 127.0.0.1; 0 is [DefaultPort]

	// Environ is the caller's environment ("KEY=value"). Installing inherits all
	// of it, since proxies and package mirrors are set there (nil stands for this
	// process's own, as in [exec.Cmd]). MiniStack gets next to nothing of it, so
	// that no AWS credentials of the user ever reach it.
	Environ []string

	// EnforceIAM makes the emulator check signatures and policies (its AUTH=true).
	EnforceIAM bool
}

// Cloud is one local cloud. Its methods may be called from several processes at once.
type Cloud struct {
	cfg  Config
	dir  string // of this port
	venv string // the virtual environment, shared by all ports

	answerTimeout, startTimeout, stopTimeout, unusedTimeout time.Duration
}

// New returns the local cloud of a folder and port; it touches nothing yet. The
// error is an [*Error] of kind [Unsupported] where MiniStack cannot run the functions.
func New(cfg Config) (*Cloud, error) {
	if !supported {
		return nil, unsupported(runtime.GOOS)
	}
	if cfg.Port == 0 {
		cfg.Port = DefaultPort
	}
	if cfg.Port < 1 || cfg.Port > 65535 {
		return nil, fmt.Errorf("port %d of the local cloud is not between 1 and 65535", cfg.Port)
	}
	if !filepath.IsAbs(cfg.Dir) {
		return nil, fmt.Errorf("folder of the local cloud %q is not an absolute path", cfg.Dir)
	}
	return &Cloud{
		cfg:  cfg,
		dir:  filepath.Join(cfg.Dir, strconv.Itoa(cfg.Port)),
		venv: filepath.Join(cfg.Dir, "ministack-"+Version+"-"+fingerprint(requirements)),

		answerTimeout: answerTimeout,
		startTimeout:  startTimeout,
		stopTimeout:   stopTimeout,
		unusedTimeout: unusedTimeout,
	}, nil
}

// edition is what this cloud's MiniStack calls itself: another edition was started otherwise.
func (c *Cloud) edition() string {
	secret, _ := c.Secret() // without one no edition is this one's
	return editionPrefix + fingerprint(c.venv, c.settings(), guard, secret)
}

// fingerprint is a short hash of whatever is given.
func fingerprint(parts ...any) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", parts))
	return hex.EncodeToString(sum[:6])
}

// Endpoint is the address that takes every AWS call: "http://127.0.0.1:4566".
func (c *Cloud) Endpoint() string { return "http://" + c.address() }

// LogPath is the file that MiniStack's output goes to.
func (c *Cloud) LogPath() string { return c.file("ministack.log") }

func (c *Cloud) address() string { return "127.0.0.1:" + strconv.Itoa(c.cfg.Port) }

func (c *Cloud) file(name string) string { return filepath.Join(c.dir, name) }

// Status is what is known of a local cloud.
type Status struct {
	Running  bool   `json:"running"`          // its process is there
	Healthy  bool   `json:"healthy"`          // and answers
	Outdated bool   `json:"outdated"`         // started with other settings or by another version: the next Up restarts it
	Endpoint string `json:"endpoint"`         // "http://127.0.0.1:4566"
	Port     int    `json:"port"`             //
	PID      int    `json:"pid,omitempty"`    // of the running process
	Version  string `json:"version"`          // of MiniStack: the running one's, else the pinned one
	Python   string `json:"python,omitempty"` // version of the Python it is installed in, "" before it is
	Dir      string `json:"dir"`              // where this port's state and log are
	Log      string `json:"log"`              // file
	Secret   string `json:"secret"`           // file with the secret access key

	AllowedOrigins []string `json:"allowed_origins,omitempty"` // whose pages in a browser may reach it: "http://localhost:8042"
}

// Status looks without changing anything. It takes at most [answerTimeout].
func (c *Cloud) Status(ctx context.Context) (Status, error) {
	s := Status{
		Endpoint: c.Endpoint(), Port: c.cfg.Port, Version: Version,
		Python: c.pythonVersion(), Dir: c.dir, Log: c.LogPath(), Secret: c.file("secret"),
	}
	if err := c.private(); err != nil {
		return s, err
	}
	s.AllowedOrigins = c.origins()
	running, err := held(c.file("alive"))
	if err != nil || !running {
		return s, err
	}
	s.Running = true
	s.PID = c.pid()
	h, err := c.health(ctx)
	if err != nil {
		return s, ctx.Err() // no answer is an answer: not healthy
	}
	s.Healthy = true
	s.Version = h.Version
	s.Outdated = h.Edition != c.edition()
	return s, nil
}

// Up makes the local cloud run: it installs MiniStack if it is not there,
// starts it if it does not run, restarts one that hangs or was started with
// other settings, and returns when it answers. progress is told of each step
// that takes longer than a moment. Ended by the context, it leaves nothing half
// done. Errors are [*Error]s, or the context's.
func (c *Cloud) Up(ctx context.Context, progress func(step string)) (Status, error) {
	if s, err := c.Status(ctx); err == nil && s.Healthy && !s.Outdated {
		return s, nil
	}
	unlock, err := c.lock(ctx, progress)
	if err != nil {
		return Status{}, err
	}
	defer unlock()

	running, err := held(c.file("alive"))
	if err != nil {
		return Status{}, err
	}
	if !running {
		if err := c.portFree(ctx); err != nil {
			return Status{}, err
		}
	}
	if err := c.install(ctx, progress); err != nil {
		return Status{}, err
	}
	current, err := c.settle(ctx, progress)
	if err != nil {
		return Status{}, err
	}
	if !current {
		if c.unsaved() {
			progress("MiniStack did not end in order: what changed since its start is lost")
		}
		progress("starting MiniStack on " + c.Endpoint())
		if err := c.start(ctx); err != nil {
			return Status{}, err
		}
	}
	return c.Status(ctx)
}

// settle says whether the cloud already runs as this renpyctl would start it;
// one that runs otherwise, or does not answer, has been stopped on return.
func (c *Cloud) settle(ctx context.Context, progress func(step string)) (current bool, err error) {
	running, err := held(c.file("alive"))
	if err != nil || !running {
		return false, err
	}
	h, err := c.health(ctx)
	if err != nil {
		// A renpyctl that was killed may have left it starting: give it the time.
		progress("waiting for MiniStack, which runs but does not answer")
		h, err = c.await(ctx, editionPrefix)
	}
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case err == nil && h.Edition == c.edition():
		return true, nil
	case err == nil:
		progress("restarting MiniStack with this version's settings")
		if err := c.save(ctx); err != nil {
			return false, err
		}
	default:
		progress("restarting MiniStack")
	}
	if err := c.stop(ctx); !isKind(err, Killed) {
		return false, err
	}
	return false, nil // what is lost is said before the start
}

// Down ends the local cloud in order, so that it writes its state. It says
// whether there was anything to end. The error is an [*Error] of kind [Killed]
// or [NotStopped] if it did not end when asked, and of kind [NotSaved] if it
// could not write its state: it then runs on.
func (c *Cloud) Down(ctx context.Context) (wasRunning bool, err error) {
	unlock, err := c.lock(ctx, func(string) {})
	if err != nil {
		return false, err
	}
	defer unlock()
	if running, err := held(c.file("alive")); err != nil || !running {
		return false, err
	}
	if err := c.save(ctx); err != nil {
		return true, err
	}
	return true, c.stop(ctx)
}

// Reset ends the local cloud and deletes what it remembers: every stack, player
// and save of this port. What is installed stays.
func (c *Cloud) Reset(ctx context.Context) error {
	unlock, err := c.lock(ctx, func(string) {})
	if err != nil {
		return err
	}
	defer unlock()
	if err := c.stop(ctx); err != nil && !isKind(err, Killed) {
		return err
	}
	for _, name := range []string{"state", "s3", "home", "tmp", "origins", "unsaved"} {
		if err := os.RemoveAll(c.file(name)); err != nil {
			return err
		}
	}
	return nil
}

// lock keeps other renpyctls from starting or stopping this cloud meanwhile.
func (c *Cloud) lock(ctx context.Context, progress func(step string)) (unlock func(), err error) {
	// 0700: the state holds players' saves and the digests of their passwords.
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return nil, noSpaceOr(err)
	}
	if err := c.private(); err != nil {
		return nil, err
	}
	return lock(ctx, c.file("lock"), func() { progress("waiting for another renpyctl to start or stop the local cloud") })
}

// pollEvery is how often a lock, a port or a process is looked at again.
const pollEvery = 25 * time.Millisecond
