package players_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/players"
)

// No spreadsheet runs a cell, and every address comes back as it was.
func TestCSVRunsNothing(t *testing.T) {
	var list []players.Player
	for i, email := range []string{
		"ann@example.com", `=HYPERLINK("http://x")@example.com`, "+1@x", "-1@x", "'=1@x", "''=1@x", "'o@x", "＝1@x",
		`quo"ted@x`, "com,ma@x",
	} {
		list = append(list, players.Player{Sub: fmt.Sprint(i), Email: email, Enabled: i != 1, Status: "CONFIRMED", Created: time.Unix(0, 0)})
	}
	var file bytes.Buffer
	w := csv.NewWriter(&file)
	w.Write(players.CSVHeader())
	for _, p := range list {
		for _, cell := range p.CSV() {
			if first, _ := utf8.DecodeRuneInString(cell); strings.ContainsRune("=+-@\t\r＝＋－＠", first) {
				t.Errorf("the cell %q of %q would be run", cell, p.Email)
			}
		}
		w.Write(p.CSV())
	}
	w.Flush()
	got, err := players.ReadAccounts(strings.NewReader("\ufeff" + strings.ReplaceAll(file.String(), "\n", "\r\n"))) // as a spreadsheet saves it
	if err != nil || len(got) != len(list) {
		t.Fatalf("%d of %d came back: %v", len(got), len(list), err)
	}
	for i, p := range list {
		if got[i].Email != p.Email || got[i].Enabled != p.Enabled {
			t.Errorf("%q came back as %+v", p.Email, got[i])
		}
	}
}

// The whole file is checked, and the error says where it is wrong.
func TestReadAccounts(t *testing.T) {
	for _, c := range []struct {
		file         string
		line, column int // of the error; 0 for none
		emails       []string
	}{
		{"email\na@x\nb@x\n", 0, 0, []string{"a@x", "b@x"}},
		{"name,email\nA,a@x\n", 0, 0, []string{"a@x"}},
		{"email", 0, 0, nil},
		{"", 1, 1, nil},
		{"mail\na@x\n", 1, 1, nil},
		{"email;enabled\na@x;true\n", 1, 1, nil},
		{"name,email\nA,a@x\nB,nobody\n", 3, 3, nil},
		{"email,enabled\na@x,maybe\n", 2, 5, nil},
		{"email,name\na@x\n", 2, 1, nil},
		{"email\n\"a@x\n", 2, 6, nil},
		{"email\na@x\nb@x\nA@x\n", 4, 1, nil}, // twice
		{"email\na\xff@x\n", -1, 0, nil},
		{`{"email": "a@x"}` + "\n" + `{"email": "b@x", "enabled": false, "sub": "1"}` + "\n", 0, 0, []string{"a@x", "b@x"}},
		{"[\n  {\"email\": \"a@x\"},\n  {\"email\": \"b@x\"}\n]\n", 0, 0, []string{"a@x", "b@x"}},
		{"[]", 0, 0, nil},
		{"[{\"email\": \"a@x\"},\n {\"email\": 7}]", 2, 2, nil},
		{"{\"email\": \"a@x\"}\n{\"email\": \"b@x\"", 2, 1, nil},
		{"{\"email\": \"a@x\"}\n {}\n", 2, 2, nil},
		{"[\n{\"email\": \"a@x\"}\n", 3, 1, nil},
	} {
		got, err := players.ReadAccounts(strings.NewReader(c.file))
		wrong, _ := errors.AsType[*players.FileError](err)
		switch {
		case c.line == 0 && err != nil, c.line != 0 && wrong == nil:
			t.Errorf("%q: %v", c.file, err)
		case c.line > 0 && (wrong.Line != c.line || wrong.Column != c.column):
			t.Errorf("%q: %v, want line %d, column %d", c.file, err, c.line, c.column)
		case c.line == 0:
			var emails []string
			for _, a := range got {
				emails = append(emails, a.Email)
			}
			if !slices.Equal(emails, c.emails) {
				t.Errorf("%q: %q, want %q", c.file, emails, c.emails)
			}
		}
	}
	text, err := json.Marshal([]players.Player{{Email: "a@x", Enabled: true}, {Email: "b@x"}})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := players.ReadAccounts(bytes.NewReader(text)); err != nil || len(got) != 2 || !got[0].Enabled || got[1].Enabled {
		t.Errorf("what JSON writes: %+v, %v", got, err)
	}
}

// A file of 100,000 lines is read whole, and a mistake in the last one is found before
// anything is made of it.
func TestReadAHundredThousandAccounts(t *testing.T) {
	var file strings.Builder
	file.WriteString("email,enabled\n")
	for i := range 100_000 {
		fmt.Fprintf(&file, "p%d@example.com,true\n", i)
	}
	if list, err := players.ReadAccounts(strings.NewReader(file.String())); err != nil || len(list) != 100_000 || list[99_999].Line != 100_001 {
		t.Errorf("%d accounts, %v", len(list), err)
	}
	for last, column := range map[string]int{"P7@example.com,true\n": 1, "new@example.com,perhaps\n": 17} {
		_, err := players.ReadAccounts(strings.NewReader(file.String() + last))
		if wrong, ok := errors.AsType[*players.FileError](err); !ok || wrong.Line != 100_002 || wrong.Column != column {
			t.Errorf("%q: %v", last, err)
		}
	}
}

// An import that is cut off anywhere is finished by the next one; its counts add
// up, nobody gets a mail, and nobody is left who cannot sign in or recover.
func TestImportIsFinishedByTheNext(t *testing.T) {
	for _, lost := range []string{"ListUsers", "AdminCreateUser", "AdminDisableUser", "AdminSetUserPassword", ""} {
		synctest.Test(t, func(t *testing.T) {
			d, pool, fake, ann := directory(t)
			ann.Password = "hers"
			accounts := []players.Account{{Email: "Ann@example.com", Enabled: false, Line: 2}}
			for i := range 20 {
				accounts = append(accounts, players.Account{Email: fmt.Sprintf("p%d@example.com", i), Enabled: i%2 == 0, Line: 3 + i})
			}
			var calls atomic.Int32
			fake.Wrap(func(c awsfake.Call, answer func() (any, error)) (any, error) {
				if c.Operation == lost {
					if calls.Add(1) > 3 || lost == "ListUsers" {
						return nil, awsfake.ErrLost
					}
				}
				return answer()
			})
			told := 0
			each := func(players.Counts, players.Account, error) { told++ }
			counts, err := pool.Import(t.Context(), accounts, nobody, each)
			if (err != nil) != (lost != "") || told != counts.Made+counts.There+counts.Failed || counts.Read != 21 || counts.Failed > 0 {
				t.Errorf("%s lost: %+v, told of %d, %v", lost, counts, told, err)
			}
			fake.Wrap(nil)
			again, err := pool.Import(t.Context(), accounts, nobody, each)
			if err != nil || again.Read != again.Made+again.There || again.Failed > 0 || again.There < 1+counts.Made {
				t.Errorf("%s lost, again: %+v after %+v, %v", lost, again, counts, err)
			}
			if len(d.Users) != 21 || len(d.Mails) > 0 || ann.Password != "hers" || ann.Disabled {
				t.Errorf("%s lost: %d accounts, mails %q, %+v", lost, len(d.Users), d.Mails, ann)
			}
			for _, u := range d.Users[1:] {
				var n int
				fmt.Sscanf(u.Email, "p%d@", &n)
				if u.Status != "CONFIRMED" || !u.Verified || u.Disabled != (n%2 == 1) || len(u.Password) < 32 {
					t.Errorf("%s lost: %+v", lost, u)
				}
			}
		})
	}
}

// One account that Cognito refuses stops no other.
func TestImportGoesOn(t *testing.T) {
	d, pool, fake, _ := directory(t)
	fake.Wrap(func(c awsfake.Call, answer func() (any, error)) (any, error) {
		if in, ok := c.Input.(*idp.AdminCreateUserInput); ok && *in.Username == "b@x" {
			return nil, awsfake.Error{Code: "InvalidParameterException", Message: "Invalid email address format."}
		}
		return answer()
	})
	var failed []string
	counts, err := pool.Import(t.Context(), []players.Account{{Email: "a@x", Enabled: true}, {Email: "b@x", Enabled: true}, {Email: "c@x", Enabled: true}}, nobody,
		func(_ players.Counts, a players.Account, err error) {
			if err != nil {
				failed = append(failed, a.Email)
			}
		})
	if want := (players.Counts{Read: 3, Made: 2, Failed: 1}); err != nil || counts != want || !slices.Equal(failed, []string{"b@x"}) || len(d.Users) != 3 {
		t.Errorf("%+v, failed %q, %v", counts, failed, err)
	}
}

// nobody was forgotten.
func nobody(string) bool { return false }
