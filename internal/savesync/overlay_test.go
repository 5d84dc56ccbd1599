package savesync_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
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
	mendings := []mending{
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
		{"10: a list in place of many reads", "look.go", "len(open) <= lookAlone && total", "len(open) <= 1000 && total", "TestWhatNeverCameIsListed"},
		{"10: few reads where a list does not tell", "look.go", "left, blind := lookBytes, lookBlind", "left, blind := lookBytes, 1000", "TestAHammeredInboxHidesLittle"},
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
		{"but not what is committed", "settle.go", "if g.Files[u.Name].ID == u.ID {", "if false {", "TestWhatIsCommittedIsNotRetired"},
	}
	program := withoutEach(t, mendings)
	for i, m := range mendings {
		t.Run(m.what, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), program, "-test.failfast", "-test.run", m.tests, "-rapid.shrinktime=1ms")
			cmd.Env = append(os.Environ(), historiesVariable+"=20000", without+"="+strconv.Itoa(i+1))
			out, err := cmd.CombinedOutput()
			if _, failed := err.(*exec.ExitError); !failed || !strings.Contains(string(out), "--- FAIL") {
				t.Errorf("without it nothing fails: %v\n%.2000s", err, out)
			}
		})
	}
}

// A mending is taken out when its file is changed, within a function, from one text
// to another. Then a test of tests fails.
type mending struct{ what, file, from, to, tests string }

// without is the variable that says which mending the program of [withoutEach] is
// without, from 1; 0 for none.
const without = "SAVESYNC_WITHOUT"

// withoutEach builds this package's tests so that they can be run without any one of
// the mendings. Each changed function stands beside the original one, which calls it:
// compiling all at once takes a fraction of compiling each.
func withoutEach(t *testing.T, mendings []mending) (program string) {
	t.Helper()
	dir := t.TempDir()
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	replace := func(name, text string) {
		t.Helper()
		path, err := filepath.Abs(name)
		if err != nil {
			t.Fatal(err)
		}
		overlay.Replace[path] = filepath.Join(dir, name)
		if err := os.WriteFile(overlay.Replace[path], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files := map[string]string{}
	for i, m := range mendings {
		if files[m.file] == "" {
			files[m.file] = read(t, m.file)
		}
		files[m.file] = beside(t, files[m.file], read(t, m.file), m, i+1)
	}
	for name, text := range files {
		replace(name, text)
	}
	replace("without_test_only.go", fmt.Sprintf("package savesync\n\nimport (\n\"os\"\n\"strconv\"\n)\n\nvar without, _ = strconv.Atoi(os.Getenv(%q))\n", without))
	text, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(list, text, 0o600); err != nil {
		t.Fatal(err)
	}
	program = filepath.Join(dir, "savesync.test")
	// -trimpath as make has it, to find in the cache what that has built.
	cmd := exec.CommandContext(t.Context(), "go", "test", "-c", "-o", program, "-trimpath", "-vet=off", "-overlay", list, ".")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// beside returns a file's text with the function that a mending is in: as it is
// without the mending, and called where it is to be.
func beside(t *testing.T, text, original string, m mending, number int) string {
	t.Helper()
	if n := strings.Count(original, m.from); n != 1 {
		t.Fatalf("%s has %q %d times", m.file, m.from, n)
	}
	at := strings.Index(original, m.from)
	f := functionOf(t, original, func(f *ast.FuncDecl) bool { return int(f.Pos()) <= at+1 && at < int(f.End()) })
	same := func(g *ast.FuncDecl) bool { return g.Name.Name == f.Name.Name && receiver(g) == receiver(f) }
	changed := strings.Replace(original, m.from, m.to, 1)
	g := functionOf(t, changed, same)
	name := fmt.Sprintf("%s_without_%d", f.Name.Name, number)
	copied := changed[g.Pos()-1:g.Name.Pos()-1] + name + changed[g.Name.End()-1:g.End()-1]

	call := name + "(" + arguments(f) + ")"
	if f.Recv != nil {
		call = f.Recv.List[0].Names[0].Name + "." + call
	}
	if f.Type.Results != nil {
		call = "return " + call
	} else {
		call += "; return"
	}
	body := functionOf(t, text, same).Body.Lbrace // just before it
	return text[:body] + fmt.Sprintf(" if without == %d { %s };", number, call) + text[body:] + "\n" + copied + "\n"
}

// functionOf is a function of a file, whose positions count the text's bytes from 1.
func functionOf(t *testing.T, text string, is func(*ast.FuncDecl) bool) *ast.FuncDecl {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "", text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && is(f) {
			return f
		}
	}
	t.Fatal("a mending is in no function")
	return nil
}

// receiver is the type that a method belongs to, "" for a function.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	return types.ExprString(f.Recv.List[0].Type)
}

func arguments(f *ast.FuncDecl) string {
	var names []string
	for _, p := range f.Type.Params.List {
		for _, name := range p.Names {
			names = append(names, name.Name)
		}
	}
	return strings.Join(names, ", ")
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
