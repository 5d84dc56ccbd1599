package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// startTimeout bounds the wait for MiniStack's first answer; it takes 0.3 to 1 s.
	startTimeout = 60 * time.Second
	// stopTimeout bounds the wait for its orderly end, in which it writes its state.
	stopTimeout = 30 * time.Second
	// killTimeout bounds the wait for the system to clear away a killed process.
	killTimeout = 5 * time.Second
	// unusedTimeout is how long MiniStack runs on without being used.
	unusedTimeout = 24 * time.Hour
)

// settings is MiniStack's environment but for [inherited]: nothing of the
// user's reaches it, and so neither does it reach the functions, which inherit it.
func (c *Cloud) settings() []string {
	port := strconv.Itoa(c.cfg.Port)
	return []string{
		"PATH=/usr/local/bin:/usr/bin:/bin",
		"HOME=" + c.file("home"),
		"TMPDIR=" + c.file("tmp"),
		"BIND_HOST=127.0.0.1", // its default is every interface
		"GATEWAY_PORT=" + port,
		"PERSIST_STATE=1",
		"STATE_DIR=" + c.file("state"),
		"S3_PERSIST=1",
		"S3_DATA_DIR=" + c.file("s3"),
		// Passed on to the functions (lambda_svc.py, _provided_worker_env), which would call AWS itself without it.
		"AWS_ENDPOINT_URL=" + c.Endpoint(),
		// Listeners for IoT and SFTP on further ports, the first on by default.
		"IOT_MTLS_ENABLED=0",
		"SFTP_ENABLED=0",
		// macOS has a proxy in its settings even where the environment names none.
		"NO_PROXY=*",
		"AUTH=" + strconv.FormatBool(c.cfg.EnforceIAM),
	}
}

// inherited are the variables of the user that Python itself may need to start.
var inherited = [...]string{"LD_LIBRARY_PATH"}

// environ is MiniStack's whole environment. Its health page shows the edition
// as it is given here, and that is how this cloud is told from another.
func (c *Cloud) environ(secret string) []string {
	env := append(c.settings(),
		"MINISTACK_EDITION="+c.edition(),
		"AWS_SECRET_ACCESS_KEY="+secret, // passed on to the functions, too, whose calls are signed as any
	)
	for _, kv := range c.cfg.Environ {
		for _, name := range inherited {
			if strings.HasPrefix(kv, name+"=") {
				env = append(env, kv)
			}
		}
	}
	return env
}

// start starts MiniStack and waits for its first answer. The process outlives this one.
func (c *Cloud) start(ctx context.Context) error {
	alive, err := c.prepare(ctx)
	if err != nil {
		return noSpaceOr(err)
	}
	defer alive.Close()
	secret, err := c.armed()
	if err != nil {
		return noSpaceOr(err)
	}
	log, err := openLog(c.LogPath())
	if err != nil {
		return noSpaceOr(err)
	}
	defer log.Close()

	// Isolated (-I): no user site, no module from the current folder.
	cmd := exec.Command(c.python(), "-I", "-X", "utf8", c.file("guard.py"), c.dir, strconv.Itoa(int(c.unusedTimeout.Seconds())))
	cmd.Dir = c.file("tmp")
	cmd.Env = c.environ(secret)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{alive}
	detach(cmd)
	if err := cmd.Start(); err != nil {
		return c.startFailed(err)
	}
	go cmd.Wait() // clears the process away, should it end before this one
	alive.Close() // now only MiniStack holds it, and its end shows

	if _, err := c.await(ctx, c.edition()); err != nil {
		cmd.Process.Kill() // it has not served anyone yet, so there is nothing to write
		return err
	}
	return nil
}

// prepare makes the folders and takes the lock that MiniStack will hold.
func (c *Cloud) prepare(ctx context.Context) (alive *os.File, err error) {
	for _, name := range []string{"home", "tmp", "state", "s3"} {
		if err := os.MkdirAll(c.file(name), 0o700); err != nil {
			return nil, err
		}
	}
	if err := os.Remove(c.pidFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if alive, err = openLock(c.file("alive")); err != nil {
		return nil, err
	}
	// Nobody holds it, but someone may be looking (see held).
	for err = tryLock(alive, exclusive); errors.Is(err, errLocked); err = tryLock(alive, exclusive) {
		if err = sleep(ctx, time.Millisecond); err != nil {
			break
		}
	}
	if err != nil {
		alive.Close()
		return nil, err
	}
	return alive, nil
}

// await waits until MiniStack answers, ends, or has had long enough. Another one
// may have come to the port first, so only an edition that begins so counts.
func (c *Cloud) await(ctx context.Context, edition string) (health, error) {
	limit, cancel := context.WithTimeout(ctx, c.startTimeout)
	defer cancel()
	for {
		h, err := c.health(limit)
		if err == nil && strings.HasPrefix(h.Edition, edition) {
			return h, nil
		}
		if running, err := held(c.file("alive")); err != nil || !running {
			return health{}, c.startFailed(err)
		}
		if sleep(limit, pollEvery) == nil {
			continue
		}
		if ctx.Err() != nil {
			return health{}, ctx.Err()
		}
		return health{}, &Error{
			Kind:   NotHealthy,
			What:   fmt.Sprintf("MiniStack runs but has not answered on %s for %s", c.Endpoint(), c.startTimeout),
			Hint:   "see " + c.LogPath(),
			Output: tail(c.LogPath(), 5),
		}
	}
}

func (c *Cloud) startFailed(cause error) *Error {
	output := tail(c.LogPath(), 5)
	if diskFull(strings.Join(output, "\n")) {
		return noSpace(cause)
	}
	hint := "see " + c.LogPath()
	if strings.Contains(strings.Join(output, "\n"), "failed to load") { // as guard.py says it (FAULT)
		hint = "renpyctl local reset begins anew, without what is deployed there; what it could not read is in " + c.file("state")
	}
	return &Error{Kind: StartFailed, What: "MiniStack did not start", Hint: hint, Output: output, Err: cause}
}

// stop asks MiniStack to end, so that it writes its state, waits, and kills it if need be.
func (c *Cloud) stop(ctx context.Context) error {
	process, err := c.process(ctx)
	if err != nil || process == nil {
		return err
	}
	if err := process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return c.notStopped(process.Pid, err)
	}
	ended, err := c.ended(ctx, c.stopTimeout)
	if err != nil || ended {
		return err
	}
	if err := process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return c.notStopped(process.Pid, err)
	}
	ended, err = c.ended(ctx, killTimeout)
	if err != nil {
		return err
	}
	if !ended {
		return c.notStopped(process.Pid, nil)
	}
	return &Error{
		Kind: Killed,
		What: fmt.Sprintf("MiniStack did not end within %s and was killed; what changed since its start is lost", c.stopTimeout),
		Hint: "see " + c.LogPath(),
	}
}

// process finds MiniStack's process; nil if it has ended meanwhile. MiniStack
// writes its id when it has loaded its code, some tenths of a second after its start.
func (c *Cloud) process(ctx context.Context) (*os.Process, error) {
	for limit := time.Now().Add(killTimeout); ; {
		running, err := held(c.file("alive"))
		if err != nil || !running {
			return nil, err
		}
		if pid := c.pid(); pid != 0 {
			return os.FindProcess(pid)
		}
		if time.Now().After(limit) {
			return nil, c.notStopped(0, nil)
		}
		if err := sleep(ctx, pollEvery); err != nil {
			return nil, err
		}
	}
}

// ended waits until no MiniStack runs, for at most d.
func (c *Cloud) ended(ctx context.Context, d time.Duration) (bool, error) {
	for limit := time.Now().Add(d); ; {
		running, err := held(c.file("alive"))
		if err != nil || !running {
			return !running, err
		}
		if time.Now().After(limit) {
			return false, nil
		}
		if err := sleep(ctx, pollEvery); err != nil {
			return false, err
		}
	}
}

func (c *Cloud) notStopped(pid int, cause error) *Error {
	what := "MiniStack runs on and its process id is not known"
	if pid != 0 {
		what = fmt.Sprintf("MiniStack (process %d) cannot be ended", pid)
	}
	return &Error{Kind: NotStopped, What: what, Hint: "end it by hand; its log is " + c.LogPath(), Err: cause}
}

// pidFile is where MiniStack writes its process id (app.py, _pid_file).
func (c *Cloud) pidFile() string {
	return filepath.Join(c.file("tmp"), fmt.Sprintf("ministack-%d.pid", c.cfg.Port))
}

// pid is what MiniStack wrote, 0 if nothing: true only while "alive" is held.
func (c *Cloud) pid() int {
	text, err := os.ReadFile(c.pidFile())
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || pid < 2 {
		return 0
	}
	return pid
}
