package cli

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/renpy-cloud/renpyctl/internal/debianrenpy"
)

// printedBlock is what `config renpy` prints for a stage on AWS.
func printedBlock(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	c := renpyConfig{
		APIBaseURL: "https://k3j9x.execute-api.eu-west-1.amazonaws.com", GameID: "my_game", Region: "eu-west-1",
		UserPoolID: "eu-west-1_AbCdEf123", ClientID: "4h57kk1v0s9d",
	}
	if err := c.write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestBlockIsASCII: a game's .rpy file may be read in any encoding.
func TestBlockIsASCII(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := (renpyConfig{GameID: "é\"\\", CognitoEndpoint: "http://127.0.0.1:4566"}).write(&b); err != nil {
		t.Fatal(err)
	}
	if i := strings.IndexFunc(b.String(), func(r rune) bool { return r > '~' || r < ' ' && r != '\n' }); i >= 0 {
		t.Errorf("the block has a character that is not ASCII: %q", b.String()[i:min(i+20, b.Len())])
	}
	if want := `game_id="\u00e9\"\\",`; !strings.Contains(b.String(), want) {
		t.Errorf("the block does not have %s", want)
	}
	for i, line := range strings.Split(b.String(), "\n") {
		if len(line) > 120 {
			t.Errorf("line %d has %d characters", i+1, len(line))
		}
	}
}

// TestREADMELogin: the screen that README.md offers is the one that TestPlay plays.
func TestREADMELogin(t *testing.T) {
	t.Parallel()
	played, err := os.ReadFile("../../e2e/testdata/play/my_login.rpy")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "```renpy\n"+string(played)+"```\n") {
		t.Error("README.md does not have e2e/testdata/play/my_login.rpy as it is")
	}
}

// integrationTests runs testdata/renpy/integration_test.py with a block, all of
// it or some tests, and returns the names of what ran, and of what failed.
func integrationTests(t *testing.T, block string, only ...string) (all, failed []string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "cloud_config.rpy")
	if err := os.WriteFile(file, []byte(block), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("python3", slices.Concat([]string{"integration_test.py", "--verbose"}, only)...)
	cmd.Dir = "testdata/renpy"
	cmd.Env = append(os.Environ(), "BLOCK="+file, "PYTHONDONTWRITEBYTECODE=1")
	out, err := cmd.CombinedOutput()
	names := regexp.MustCompile(`(?m)^(test_\w+) \(.*\)(?:\n.*)?? \.\.\. `).FindAllStringSubmatch(string(out), -1)
	for _, name := range names {
		all = append(all, name[1])
	}
	for _, name := range regexp.MustCompile(`(?m)^(?:FAIL|ERROR): (test_\w+)`).FindAllStringSubmatch(string(out), -1) {
		failed = append(failed, name[1])
	}
	ran := regexp.MustCompile(`(?m)^Ran (\d+) tests? `).FindSubmatch(out)
	if ran == nil || string(ran[1]) != strconv.Itoa(len(all)) || (err == nil) != (len(failed) == 0) {
		t.Fatalf("the tests of the block did not run to their end (%v):\n%s", err, out)
	}
	if len(failed) > 0 && len(only) == 0 {
		t.Logf("%s", out)
	}
	return all, failed
}

// TestIntegration runs the printed block against stand-ins of the engine and
// of the client. TestRenpy has the real engine.
func TestIntegration(t *testing.T) {
	t.Parallel()
	if all, failed := integrationTests(t, printedBlock(t)); len(failed) > 0 || len(all) < 30 {
		t.Errorf("%d of %d tests failed: %v", len(failed), len(all), failed)
	}
}

// TestIntegrationTestsFail takes one thing at a time out of the block: the
// tests that hold it have to notice, so that none passes for nothing.
func TestIntegrationTestsFail(t *testing.T) {
	t.Parallel()
	block := printedBlock(t)
	noticed := map[string]bool{}
	for _, m := range []struct{ old, new, test string }{
		{"timeout_seconds=10,", "timeout_seconds=30,", "configure_is_told_to_give_up_after_ten_seconds"},
		{"os.utime(persistent_file(), (old, old))", "pass", "new_device_fetches_and_merges"},
		{"renpy.persistent.merge(other)", "pass", "new_device_fetches_and_merges"},
		{"if mtime() != session.mtime:", "if True:", "second_start_keeps_the_time_of_the_file"},
		{"if mtime() != session.mtime:", "if False:", "it_is_merged_and_saved_before_the_game_goes_on"},
		{"renpy.loadsave.location.scan()", "pass", "it_is_merged_and_saved_before_the_game_goes_on"},
		{"for old in (2, 1):", "for old in (2,):", "first_device_of_a_player_sends_and_gets_it_back"},
		{"persistent._renpy_cloud_attempt = uuid.uuid4().hex", "pass", "first_device_of_a_player_sends_and_gets_it_back"},
		{"if has_synced(account) and mtime() == session.mtime:", "if False:", "second_start_keeps_the_time_of_the_file"},
		{"if has_synced(account) and mtime() == session.mtime:", "if False:", "second_start_sends_what_could_not_be_sent_at_quit"},
		{"has_synced(account) and mtime() == session.mtime", "has_synced(account)", "file_written_before_the_sync_is_not_taken_for_newer"},
		{"renpy.persistent.find_changes()", "pass", "file_written_before_the_sync_is_not_taken_for_newer"},
		{"known[field] = copy.deepcopy(value)", "pass", "defaults_do_not_win_over_progress"},
		{"account == session.account or ", "", "once_per_start"},
		{".strip().lower()", "", "once_per_start"},
		{"parts = (device(), ", `parts = ("", `, "mark_of_one_device_is_none_on_another"},
		{"return bool(getattr(persistent, mark(account), None))", `return os.path.exists(os.path.join(config.savedir, "renpy_cloud_device"))`, "lost_persistent_makes_a_new_device"},
		{"            if len(name) == 32:\n                return name\n", "", "two_devices_keep_their_marks"},
		{"hexdigest()[:16]\n\n    def device", "hexdigest()[:0]\n\n    def device", "mark_is_of_one_account"},
		{`"my_game", account)`, `"my_game")`, "mark_is_of_one_account"},
		{`device(), "eu-west-1_AbCdEf123", `, "device(), ", "mark_is_of_one_backend"},
		{`"renpy_cloud_device"`, `"1-renpy_cloud_device"`, "file_of_the_device_is_never_sent"},
		{`hashlib.sha256("\0".join(parts).encode("utf-8")).hexdigest()[:16]`, `"_".join(parts)`, "account_is_not_readable_in_persistent"},
		{"            note(\"the sync at the main menu failed\", e)", "            raise", "trouble_never_reaches_the_player"},
		{"type(error).__name__", "error", "trouble_never_reaches_the_player"},
		{"        if renpy_cloud.force_sync() is False:\n            raise RuntimeError(\"no sync\")", "        renpy_cloud.force_sync()", "trouble_never_reaches_the_player"},
		{"            if arrived:\n                setattr", "            if True:\n                setattr", "trouble_never_reaches_the_player"},
		{"            note(\"the sync at quit failed\", e)", "            raise", "trouble_at_quit_never_reaches_the_player"},
		{"            if arrived:\n                setattr", "            if True:\n                setattr", "failed_download_is_no_sync"},
		{"        try:\n            if account == session.account or not logged_in():\n                return", "        if account == session.account or not logged_in():\n            return\n        try:", "broken_client_never_reaches_the_player"},
		{"            note(\"the preparation at start failed\", e)", "            raise", "engine_that_has_changed_never_reaches_the_player"},
		{"if mtime() > 1000000000:", "if False:", "time_that_cannot_be_set_sends_nothing"},
		{" and has_synced(session.account) and logged_in()", " and logged_in()", "failed_download_is_no_sync"},
		{"if session.account is not None and has_synced(session.account) and logged_in():", "if logged_in():", "quit_without_the_mark_does_nothing"},
		{" and logged_in():", ":", "quit_after_logging_out_does_nothing"},
		{"config.quit_callbacks.append(sync_at_quit)", "pass", "quit_with_the_mark_sends"},
		{" or not logged_in():", ":", "not_logged_in_does_nothing"},
		{"trust_own_devices=False", "trust_own_devices=True", "trust_is_off"},
		{"# session.trust_own_devices = True", "session.trust_own_devices = True", "trust_is_off"},
		{"        if other is None:", "        if other is None:\n            return True\n        if other is None:", "trust_is_off"},
		{"            trust_signers(after)", "            pass", "trust_when_chosen"},
		{"                trust_known_keys()\n        except", "                pass\n        except", "trust_when_chosen"},
		{"            trust_known_keys()\n        return True", "            pass\n        return True", "trust_when_chosen"},
		{`tokens = getattr(renpy, "savetoken", None)`, "tokens = renpy.savetoken", "trust_before_there_were_keys"},
		{"renpy.persistent.load(persistent_file())", "None", "first_start_needs_no_trust"},
	} {
		t.Run(m.test, func(t *testing.T) {
			t.Parallel()
			without := strings.ReplaceAll(block, m.old, m.new)
			if without == block {
				t.Fatalf("the block does not have %q", m.old)
			}
			if _, failed := integrationTests(t, without, "Test.test_"+m.test); len(failed) == 0 {
				t.Errorf("passes with %q in place of %q", m.new, m.old)
			}
		})
		noticed["test_"+m.test] = true
	}
	all, _ := integrationTests(t, block)
	for _, name := range all {
		if !noticed[name] {
			t.Errorf("nothing shows that %s can fail", name)
		}
	}
}

// TestRenpy plays a small game with the printed block in Debian's Ren'Py: the
// engine, its saving and merging are real, the client is testdata/renpy/renpy_cloud.py.
func TestRenpy(t *testing.T) {
	t.Parallel()
	e := newEngine(t)

	// A makes progress.
	if r := e.play(t, "A", "ending"); r.Ending || r.Synced != true {
		t.Errorf("the first device begins with %+v", r)
	}
	e.expectPlans(t, "2.0 up=persistent down=", "1.0 up= down=persistent", "now up=1-1-LT1.save,persistent down=")

	// Without the block's sync a new device wipes it; so the rest is no accident of the engine.
	e.keepCloud(t, func() {
		if r := e.play(t, "naive", "quit", "NAIVE=1"); r.Ending {
			t.Errorf("a device that only calls the client begins with %+v", r)
		}
		if r := e.play(t, "after", "quit"); r.Ending {
			t.Error("a device that only calls the client does not wipe the progress any more: this test proves nothing")
		}
	})

	// B is new, has A's progress at its main menu, and quits at once.
	want := atMenu{Ending: true, Device: "A", Chapter: true, Synced: true, Saves: []string{"1-1"}}
	if r := e.play(t, "B", "quit"); !r.equal(want) {
		t.Errorf("a new device begins with %+v, want %+v", r, want)
	}
	e.expectPlans(t, "2.0 up= down=1-1-LT1.save,persistent", "now up=persistent down=")
	// C is new, and what it has is what B left in the cloud. It plays on.
	if r := e.play(t, "C", "play"); !r.equal(want) {
		t.Errorf("after a quit at once the cloud has %+v, want %+v", r, want)
	}
	e.expectPlans(t, "2.0 up= down=1-1-LT1.save,persistent", "now up=1-1-LT1.save,persistent down=")
	// A is not new: its file keeps its time, and gets what C did.
	want.Device = "C"
	if r := e.play(t, "A", "quit"); !r.equal(want) {
		t.Errorf("the first device finds %+v, want %+v", r, want)
	}
	e.expectPlans(t, "now up= down=1-1-LT1.save,persistent", "now up=persistent down=")

	// D was played offline first; its default and its own progress are newer than the ending.
	if r := e.play(t, "D", "play", "TROUBLE=raise"); r.Ending || r.Synced {
		t.Errorf("a device without a network begins with %+v", r)
	}
	e.expectPlans(t)
	want = atMenu{Ending: true, Device: "D", Chapter: true, Synced: true, Saves: []string{"1-1"}}
	if r := e.play(t, "D", "quit"); !r.equal(want) {
		t.Errorf("a device that was offline first finds %+v, want %+v", r, want)
	}
	// Its persistent is damaged while it is off.
	if err := os.Truncate(filepath.Join(e.saves("D"), "persistent"), 100); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(e.dir, "D", "game", "saves")); err != nil { // the engine's second copy
		t.Fatal(err)
	}
	if r := e.play(t, "D", "quit"); !r.equal(want) {
		t.Errorf("a device with a damaged persistent finds %+v, want %+v", r, want)
	}
}

// engine is a scratch copy of Debian's Ren'Py with devices and a cloud.
type engine struct {
	*debianrenpy.Engine
	dir, block string
	plansRead  int
}

// atMenu is what the game sees at its main menu.
type atMenu struct {
	Ending  bool
	Device  string
	Chapter bool
	Synced  bool
	Saves   []string
}

func (a atMenu) equal(b atMenu) bool {
	x, y := a, b
	x.Saves, y.Saves = nil, nil
	return slices.Equal(a.Saves, b.Saves) && x.Ending == y.Ending && x.Device == y.Device && x.Chapter == y.Chapter && x.Synced == y.Synced
}

func newEngine(t *testing.T) *engine {
	t.Helper()
	dir := t.TempDir()
	return &engine{Engine: debianrenpy.New(t, dir), dir: dir, block: printedBlock(t)}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (e *engine) saves(device string) string { return filepath.Join(e.dir, device, "saved") }

// play starts the game on a device, once, and returns what it sees at the main menu.
func (e *engine) play(t *testing.T, device, do string, env ...string) atMenu {
	t.Helper()
	game := filepath.Join(e.dir, device, "game")
	for _, name := range []string{"script.rpy", "renpy_cloud.py"} {
		b, err := os.ReadFile(filepath.Join("testdata/renpy", name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(game, name), b)
	}
	write(t, filepath.Join(game, "cloud_config.rpy"), []byte(e.block))
	report := filepath.Join(e.dir, device, "report.json")
	_ = os.Remove(report)

	out, err := e.Play(t.Context(), filepath.Dir(game), e.saves(device), append([]string{
		"FAKE_CLOUD=" + filepath.Join(e.dir, "cloud"),
		"PLAYER=player@example.com", "DEVICE=" + device, "DO=" + do, "REPORT=" + report,
	}, env...)...)
	b, readErr := os.ReadFile(report)
	var r atMenu
	if err != nil || readErr != nil || json.Unmarshal(b, &r) != nil {
		t.Fatalf("the game on device %s failed (%v, %v):\n%s", device, err, readErr, out)
	}
	if failed := strings.Contains(out, "cloud saves: "); failed != slices.Contains(env, "TROUBLE=raise") {
		t.Errorf("the game on device %s says\n%s", device, out)
	}
	return r
}

// keepCloud puts the cloud back as it was before f.
func (e *engine) keepCloud(t *testing.T, f func()) {
	t.Helper()
	cloud, kept := filepath.Join(e.dir, "cloud"), filepath.Join(e.dir, "kept")
	// By cp: a file's time is what the client's plan goes by.
	if out, err := exec.Command("cp", "-a", cloud, kept).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	f()
	if err := os.RemoveAll(cloud); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(kept, cloud); err != nil {
		t.Fatal(err)
	}
}

// expectPlans checks what the client asked for since the last call: the time of
// `persistent` ("now" for one of today), what went up and what came down.
func (e *engine) expectPlans(t *testing.T, want ...string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(e.dir, "cloud", "plans"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	for _, line := range lines[e.plansRead:] {
		_, plan, _ := strings.Cut(line, " ")
		got = append(got, regexp.MustCompile(`^\d{10}\S*`).ReplaceAllString(plan, "now"))
	}
	e.plansRead = len(lines)
	if !slices.Equal(got, want) {
		t.Errorf("the client's plans are\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}
