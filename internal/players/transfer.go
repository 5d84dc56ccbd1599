package players

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// CSVHeader names the columns of [Player.CSV].
func CSVHeader() []string {
	return []string{"email", "status", "enabled", "verified", "created", "sub"}
}

// CSV is the player as a row for a spreadsheet, which runs none of it.
func (p Player) CSV() []string {
	row := []string{p.Email, p.Status, strconv.FormatBool(p.Enabled), strconv.FormatBool(p.Verified), p.Created.UTC().Format(time.RFC3339), p.Sub}
	for i, cell := range row {
		row[i] = inert(cell)
	}
	return row
}

// formulas are what a cell begins with that a spreadsheet takes for a formula,
// in both widths, or skips on the way to one (OWASP, "CSV Injection").
const formulas = "=+-@\t\r\n＝＋－＠"

// inert puts an apostrophe before a cell that a spreadsheet would run, and also
// before one that begins so behind apostrophes, so that [alive] knows its own.
func inert(cell string) string {
	if runs(cell) {
		return "'" + cell
	}
	return cell
}

// alive takes the apostrophe of [inert] away.
func alive(cell string) string {
	if rest, ok := strings.CutPrefix(cell, "'"); ok && runs(rest) {
		return rest
	}
	return cell
}

func runs(cell string) bool {
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(cell, "' "))
	return first != utf8.RuneError && strings.ContainsRune(formulas, first)
}

// Account is a line of a file of accounts that are to be made.
type Account struct {
	Email   string
	Enabled bool
	Line    int
}

// FileError says what is wrong with a file of accounts, and where.
type FileError struct {
	Line, Column int // from 1; 0 for the file as a whole
	What         string
}

func (e *FileError) Error() string {
	if e.Line == 0 {
		return e.What
	}
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.What)
}

// ReadAccounts reads a whole file of accounts, as [Player.CSV] and JSON write
// them: CSV with a column email, or JSON objects with an email, in a list or one
// after the other. "enabled" may be false, what else there is does not count.
// The error is *[FileError] where the file is not in order, or larger than 64 MiB,
// which is some 400,000 accounts.
func ReadAccounts(r io.Reader) ([]Account, error) {
	const most = 64 << 20
	text, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, err
	}
	if len(text) > most {
		return nil, &FileError{What: "the file is larger than 64 MiB: split it"}
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // spreadsheets put it there
	if !utf8.Valid(text) {
		return nil, &FileError{What: "the file is not in UTF-8"}
	}
	read := readCSV
	if start := bytes.TrimLeft(text, " \t\r\n"); len(start) > 0 && (start[0] == '{' || start[0] == '[') {
		read = readJSON
	}
	var list []Account
	lines := map[string]int{} // by address
	err = read(text, func(a Account, column int) error {
		if err := CheckEmail(a.Email); err != nil {
			return &FileError{a.Line, column, err.Error()}
		}
		key := strings.ToLower(a.Email)
		if first := lines[key]; first > 0 {
			return &FileError{a.Line, column, fmt.Sprintf("%s is there already, on line %d", a.Email, first)}
		}
		lines[key] = a.Line
		list = append(list, a)
		return nil
	})
	return list, err
}

func readCSV(text []byte, add func(Account, int) error) error {
	r := csv.NewReader(bytes.NewReader(text))
	r.ReuseRecord = true
	header, err := r.Read()
	if err != nil && !errors.Is(err, io.EOF) {
		return csvError(err)
	}
	email, enabled := slices.Index(header, "email"), slices.Index(header, "enabled")
	if email < 0 {
		return &FileError{1, 1, "the first line names no column email; columns stand between commas"}
	}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return csvError(err)
		}
		line, column := r.FieldPos(email)
		a := Account{Email: alive(row[email]), Enabled: true, Line: line}
		if enabled >= 0 {
			if a.Enabled, err = strconv.ParseBool(row[enabled]); err != nil {
				line, column := r.FieldPos(enabled)
				return &FileError{line, column, fmt.Sprintf("enabled is %q, neither true nor false", row[enabled])}
			}
		}
		if err := add(a, column); err != nil {
			return err
		}
	}
}

func csvError(err error) error {
	if e, ok := errors.AsType[*csv.ParseError](err); ok {
		return &FileError{e.Line, e.Column, e.Err.Error()}
	}
	return err
}

func readJSON(text []byte, add func(Account, int) error) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	list := bytes.TrimLeft(text, " \t\r\n")[0] == '['
	if list {
		if _, err := decoder.Token(); err != nil {
			return err
		}
	}
	for decoder.More() {
		line, column := position(text, skipBlank(text, decoder.InputOffset()))
		a := struct {
			Email   string
			Enabled *bool
		}{}
		if err := decoder.Decode(&a); err != nil {
			if wrong, ok := errors.AsType[*json.SyntaxError](err); ok {
				line, column = position(text, wrong.Offset-1)
			}
			return &FileError{line, column, strings.TrimPrefix(err.Error(), "json: ")}
		}
		if err := add(Account{a.Email, a.Enabled == nil || *a.Enabled, line}, column); err != nil {
			return err
		}
	}
	if _, err := decoder.Token(); list && err != nil {
		line, column := position(text, int64(len(text)))
		return &FileError{line, column, "the list has no end"}
	}
	return nil
}

// skipBlank returns where the next value begins.
func skipBlank(text []byte, from int64) int64 {
	return int64(len(text) - len(bytes.TrimLeft(text[from:], ", \t\r\n")))
}

func position(text []byte, offset int64) (line, column int) {
	before := text[:max(0, min(offset, int64(len(text))))]
	return 1 + bytes.Count(before, []byte("\n")), len(before) - bytes.LastIndexByte(before, '\n')
}

// Counts is what became of the accounts of a file: Read = Made + There + Forgotten +
// Failed, unless the import was cut off.
type Counts struct {
	Read  int `json:"read"`
	Made  int `json:"made"`
	There int `json:"alreadyThere"`
	// Forgotten are left out, since their players were erased.
	Forgotten int `json:"forgotten"`
	Failed    int `json:"failed"`
}

// makers is how many accounts are made at a time: two calls each, at a fraction
// of the rates that Cognito allows (50 and 25 a second).
const makers = 3

// Import makes the accounts that the pool does not have: confirmed, verified,
// with a random password that nobody knows, so that their players set one by the
// mail of the pool's page, and none of a player who was forgotten. Nobody gets a mail now. Run again, it finishes what it
// began. Each is told of every account that is dealt with, one at a time, and
// what went wrong with it. The error is what ended the import before its end.
func (p *Pool) Import(ctx context.Context, accounts []Account, forgotten func(email string) bool, each func(Counts, Account, error)) (Counts, error) {
	counts := Counts{Read: len(accounts)}
	there, err := p.byAddress(ctx)
	if err != nil {
		return counts, err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	work := make(chan Account)
	var told sync.Mutex
	var group sync.WaitGroup
	for range makers {
		group.Go(func() {
			for a := range work {
				made, err := p.make(ctx, a, there[strings.ToLower(a.Email)])
				told.Lock()
				if err != nil && (ctx.Err() != nil || cloud.Hopeless(err)) {
					stop(err)
				} else {
					counts.add(made, err)
					each(counts, a, err)
				}
				told.Unlock()
			}
		})
	}
	for _, a := range accounts {
		if forgotten(a.Email) {
			told.Lock()
			counts.Forgotten++
			told.Unlock()
			continue
		}
		select {
		case work <- a:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(work)
	group.Wait()
	return counts, context.Cause(ctx)
}

func (c *Counts) add(made bool, err error) {
	switch {
	case err != nil:
		c.Failed++
	case made:
		c.Made++
	default:
		c.There++
	}
}

// byAddress returns all players, by their addresses in small letters.
func (p *Pool) byAddress(ctx context.Context) (map[string]Player, error) {
	there := map[string]Player{}
	for player, err := range p.List(ctx, Query{}) {
		if err != nil {
			return nil, err
		}
		there[strings.ToLower(player.Email)] = player
	}
	return there, nil
}

// make makes an account, or finishes one that was begun, and leaves any other
// as it is. The password comes last: what is cut off before it is finished by
// the next run.
func (p *Pool) make(ctx context.Context, a Account, player Player) (made bool, err error) {
	password := RandomPassword()
	if player.Sub == "" {
		player, err = p.begin(ctx, a.Email, password)
		if errors.Is(err, ErrTaken) {
			return false, nil
		}
	}
	if err != nil || !player.begun() {
		return false, err
	}
	if !a.Enabled && player.Enabled {
		if player, err = p.Disable(ctx, player); err != nil {
			return false, err
		}
	}
	_, err = p.SetPassword(ctx, player, password)
	return err == nil, err
}
