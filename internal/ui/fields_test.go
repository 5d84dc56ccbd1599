package ui

import (
	"bytes"
	"testing"
	"time"
)

// A value is a cell of its own for programs, and nothing in it can make another one.
func TestFields(t *testing.T) {
	var f Fields
	f.Add("function", Text("dev-syncPlan"), Size(3_104_512), Value{"8142f68", "8142f68a0a"})
	f.Say("saves", "my_game: 1 file", Text("my_game"), Number(1, "file"), Moment(time.Time{}, "never"))
	f.Add("status", Text(Success("DONE")))
	f.Add("reason", Text("a\tb\nc\x1b[2J"))
	f.Add("none", Text(""), Text("x"))
	f.Add("at", Moment(time.Date(2026, 11, 25, 23, 0, 0, 0, time.FixedZone("", 3600)), "just now"))
	for terminal, want := range map[bool]string{
		false: "function\tdev-syncPlan\t3104512\t8142f68a0a\nsaves\tmy_game\t1\t\nstatus\tDONE\nreason\ta b c\\u001b[2J\nnone\t\tx\nat\t2026-11-25T22:00:00Z\n",
		true: "  " + Dim("function") + "  dev-syncPlan  3.1 MB  8142f68\n  " + Dim("saves   ") + "  my_game: 1 file\n  " + Dim("status  ") + "  " +
			Success("DONE") + "\n  " + Dim("reason  ") + "  a b c\x1b[2J\n  " + Dim("none    ") + "  x\n  " + Dim("at      ") + "  just now\n",
	} {
		var b bytes.Buffer
		if err := f.Write(&b, terminal); err != nil {
			t.Fatal(err)
		}
		if b.String() != want {
			t.Errorf("terminal %v:\n%q, want\n%q", terminal, b.String(), want)
		}
	}
}
