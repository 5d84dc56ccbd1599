package savesync_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestEveryMendingIsHeld takes out, one after the other, what the package does about
// each way in which devices, players and attackers were found to lose saves, block
// progress or spend money, and wants the named tests to fail without it: a test of
// its own, or the histories, where it takes several misfortunes to see it.
func TestEveryMendingIsHeld(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the package once for each mending")
	}
	const histories = "TestPromises$"
	for _, m := range []struct {
		what string
		// file is changed from one text to another, and a test of tests fails.
		file, from, to, tests string
	}{
		{"1: a damaged content does not win", "settle.go", "case c.health == Damaged && health == Readable:\n\t\treturn false\n", "", histories},
		{"1: nor does the beginning of the committed one", "settle.go", " || c.cut:", ":", "TestACutIsACutInAnyFormat"},
		{"1: what can be read wins over what cannot", "settle.go", "case c.health == Readable && health == Damaged:\n\t\treturn true\n", "", "TestADamagedContentGivesWay"},
		{"1: old records are read first", "look.go", "a.committed = inspect(u.Name, o.Data, until(ctx))", "", "TestAContentOfOldRecordsIsRead"},
		{"1: and overwrite nothing before", "plan.go", "losing && !(checked && f.Health == Unread)", "losing", "TestADamagedContentOfAnOldRelease"},
		{"2: foreign files stay where they are", "request.go", "checkFileName(name) != nil || !travels(name)", "checkFileName(name) != nil", histories},
		{"2: but they count", "plan.go", "if !numbered || !isSave(name) {", "if !numbered || !isSave(name) || e.Barred != \"\" {", "TestAForeignFileStillCounts"},
		{"3: large and failed files come last", "plan.go", "return size > largeUpload || len(g.Failing[name]) > 0", "return false", "TestAFailingUploadStarvesNothing"},
		{"3: one file is to blame", "settle.go", "!ok || u.Turn < v.Turn", "!ok || u.Turn > v.Turn", "TestABadFileDoesNotStarve"},
		{"3: a plan of conflicts alone is none", "invite.go", "\t\tl.plan.promote()\n", "", histories},
		{"3: what fails waits", "quota.go", "return since >= 0 && since <", "return false && since <", "TestAFailingUploadStarvesNothing"},
		{"3: but not for other devices", "settle.go", "if f.Of.has(e.Checksum) {", "if true {", "TestAFailingFileDoesNotHoldUpOtherDevices"},
		{"4: what never comes eats no budget", "look.go", "if len(open) <= lookAlone && total <= lookBytes {", "if true {", "TestWhatNeverComesEatsNoBudget|TestWhatNeverCameIsListed"},
		{"4: what is read beside it does", "look.go", "cost := u.Size + st.beside(u)", "cost := u.Size", "TestOneRequestReadsSoMuch"},
		{"5: what is full bars one file", "invite.go", "d.barred = append(d.barred, s.Entry)\n\t\t\tcontinue", "d.downloads, d.sends = nil, nil\n\t\t\treturn", "TestAFullCloudStillServes"},
		{"5: what waits to be retired takes no room", "invite.go", "\tst.retire(ctx)\n\troom", "\troom", "TestAFullRecordEmptiesItself"},
		{"6: planned later is newer", "settle.go", "return c.Basis >= f.Revision || c.Checksum > f.Checksum", "return c.Checksum > f.Checksum", "TestEqualTimesNewBytes"},
		{"7: capitals do not make another file", "names.go", "return strings.ToLower(name)", "return name", histories},
		{"8: a newcomer is known", "plan.go", "newcomer := g.newcomer(m)", "newcomer := false", "TestAStrangersStartDoesNotWipeALife"},
		{"8: what is asked for to be kept does not win", "settle.go", "case c.Losing:\n\t\treturn false\n", "", histories},
		{"11: nothing unknown is overwritten before it is kept", "plan.go", "losing := committed && f.Health != Damaged && (age == unknown || newcomer && e.Name == persistent)\n", "if age == unknown || newcomer && committed {\n\t\t\t\td.downloads = append(d.downloads, e.Name)\n\t\t\t\tcontinue\n\t\t\t}\n\t\t\tlosing := false\n", histories},
		{"10: wrong bytes are read once", "settle.go", "case presence == other, presence == absent", "case presence == absent", "TestWrongBytesAreReadOnce"},
		{"10: a list in place of many reads", "look.go", "lookAlone = 12", "lookAlone = 1000", "TestWhatNeverCameIsListed"},
		{"10: few reads where a list does not tell", "look.go", "lookBlind = 16", "lookBlind = 1000", "TestAHammeredInboxHidesLittle"},
		{"10: reading is bounded in time", "inspect.go", "|| time.Now().After(s.until)", "", "TestReadingTakesBoundedTime"},
		{"10: and in how often", "inspect.go", "s.left < 0 ||", "false ||", "TestReadingTakesBoundedTime"},
		{"10: a pace", "pace.go", "if p.counts[player] <= limit {", "if true {", "TestAPlayersPaceIsBounded"},
		{"11: an inbox is retired at once", "retire.go", "\t_ = st.putAway(ctx, list)\n}", "}", "TestAllInboxesAreRetiredAtOnce"},
		{"11: what was sent is charged", "quota.go", "case w.level+charge > w.limits.budget():\n\t\treturn BarBudget\n", "", "TestStoredBytesAreBounded"},
		{"11: what was put past the plans is seen", "invite.go", "use.Unaudited >= auditEvery", "use.Unaudited < 0", "TestAURLUsedOverAndOverIsSeen"},
		{"12: an inbox is retired for good", "retire.go", "if u.Settled && u.over(now) {", "if false {", "TestWhatComesLateGoesToo"},
		{"12: what lost is copied", "settle.go", "if f, ok := g.Files[c.Name]; !ok || f.Checksum != c.Checksum {", "if f, ok := g.Files[c.Name]; !ok || c.above(f) {", histories},
		{"13: a ban holds for a completion too", "service.go", "err = s.serve(ctx, player, game, func(st *state) error {", "err = s.retry(ctx, player, game, tries, func(st *state) error {\n\t\tif err := st.settle(ctx); err != nil {\n\t\t\treturn err\n\t\t}", histories},
		{"13: who is forgotten stays so", "operator.go", "Games: map[string]*Game{}, Forgotten: &stone}", "Games: map[string]*Game{}}", histories},
		{"14: what a restore replaces is older", "forward.go", "\t\tc.Modified = f.Modified\n\t}\n\tg.commit(c, at, revision, now)", "\t\tc.Modified = f.Modified\n\t}\n\tg.commit(c, at, revision, now)\n\tis := g.Files[c.Name]\n\tis.Older = f.Older\n\tg.Files[c.Name] = is", histories},
		{"14: and what it restores is not", "settle.go", "Older: older.without(c.Checksum),", "Older: older,", histories},
		{"14: a restore wins", "forward.go", "in.origin, in.of, in.settle = Restored, src.ID, force", "in.origin, in.of, in.settle = Restored, src.ID, compete", histories},
		{"14: an operator who dies leaves nothing behind", "forward.go", "\t\tst.game.Uploads = append(st.game.Uploads, in.Upload)\n", "", "TestOperatorsCanBeInterrupted"},
		{"14: what nobody settled is kept when a record is rebuilt", "rebuild.go", "err := b.keepSent(ctx, files); err != nil", "err := error(nil); err != nil", "TestWhatNobodySettledSurvivesARebuild"},
		{"14: what expires is not current in it", "rebuild.go", "if !v.Replaced.IsZero() || v.Size == 0", "if v.Size == 0", "TestWhatWasGivenAwayStaysAway"},
		{"13: nor is a ban lifted by it", "salvage.go", "\tr.Ban, r.Forgotten = barsIn(string(data), now)\n", "\t_, _ = barsIn(string(data), now)\n", "TestWhoIsTurnedAwayStaysSoInARebuiltRecord"},
		{"copies that came to nothing expire", "shelve.go", "\t_ = st.putAway(ctx, list) // a sync is not refused for it\n", "", "TestACopyThatComesTooLateIsRetired"},
		{"copies of requests that died expire", "settle.go", "\tg.Retired = append(g.Retired, Content{Name: u.Name, ID: u.ID})\n}", "}", "TestACopyOfARequestThatDiedIsRetired"},
	} {
		t.Run(m.what, func(t *testing.T) {
			t.Parallel()
			overlay := mutate(t, m.file, m.from, m.to)
			// -trimpath as make has it, to find in the cache what that has built.
			cmd := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-trimpath", "-vet=off", "-failfast", "-overlay", overlay, "-run", m.tests, ".", "-rapid.shrinktime=1ms")
			cmd.Env = append(os.Environ(), historiesVariable+"=20000")
			out, err := cmd.CombinedOutput()
			if _, failed := err.(*exec.ExitError); !failed || !strings.Contains(string(out), "--- FAIL") {
				t.Errorf("without it nothing fails: %v\n%.2000s", err, out)
			}
		})
	}
}

// mutate writes a file of the package with one text in place of another, and returns
// what `go test -overlay` wants.
func mutate(t *testing.T, file, from, to string) string {
	t.Helper()
	path, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(source), from); n != 1 {
		t.Fatalf("%s has %q %d times", file, from, n)
	}
	dir := t.TempDir()
	mutant := filepath.Join(dir, file)
	if err := os.WriteFile(mutant, []byte(strings.Replace(string(source), from, to, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{path: mutant}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "overlay.json")
}
