package cli

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/players"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

func newUsersExport(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "export",
		Short: "Print all accounts as CSV, or JSON lines, for users import",
		Long: `Print all accounts as CSV, or with --output json as JSON lines, for users import
and for spreadsheets: a cell that one would run as a formula begins with an
apostrophe, which users import takes away. Passwords cannot be exported.`,
		Example: "  renpyctl users export --stage prod > players.csv",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.usersExport(cmd.Context()) },
	}
}

func (a *app) usersExport(ctx context.Context) error {
	c, err := a.crowd(ctx)
	if err != nil {
		return err
	}
	rows := csv.NewWriter(a.streams.Out)
	write := func(p players.Player) error { return rows.Write(p.CSV()) }
	if a.json() {
		write = func(p players.Player) error { return a.printJSONLine(p) }
	} else if err := rows.Write(players.CSVHeader()); err != nil {
		return err
	}
	count := int64(0)
	for player, err := range c.pool.List(ctx, players.Query{}) {
		if err == nil {
			err = write(player)
		}
		if err != nil {
			rows.Flush()
			return fmt.Errorf("only the first %s were exported: %w", ui.Plural(count, "player"), err)
		}
		count++
	}
	if rows.Flush(); rows.Error() != nil {
		return rows.Error()
	}
	if !a.json() {
		a.say("%s exported.", ui.Plural(count, "player"))
	}
	return nil
}

func newUsersImport(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE",
		Short: "Make the accounts of a file that are not there yet",
		Long: `Make the accounts of a file that are not there yet: CSV with a column email, or
JSON, as users export writes both; - is standard input. "enabled" may be false,
other columns do not count. The whole file is checked first.

Nobody gets a mail. Everybody's address counts as verified and everybody has a
random password that nobody knows. Accounts have new ids, and so no saves. Who
was forgotten is left out. What was cut off is finished by running it again.`,
		Example: "  renpyctl users import players.csv --stage prod",
		Args:    exactly("a file, or - for standard input"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.usersImport(cmd.Context(), args[0]) },
	}
}

func (a *app) usersImport(ctx context.Context, file string) error {
	accounts, err := leaving(ctx, func() ([]players.Account, error) { return a.readAccounts(file) })
	if err != nil {
		return err
	}
	c, err := a.crowd(ctx)
	if err != nil {
		return err
	}
	question := fmt.Sprintf("Make the %s of %s in stage %s that are not there yet?", ui.Plural(int64(len(accounts)), "account"), file, a.flags.stage)
	if err := a.confirm(ctx, question); err != nil {
		return err
	}
	desk, err := c.window()
	if err != nil {
		return err
	}
	list, err := desk.Items.Suppressed(ctx)
	if err != nil {
		return err
	}
	counts, err := c.importAccounts(ctx, accounts, func(email string) bool { return list.Has("", email) })
	if err := a.printCounts(counts, err); err != nil {
		return err
	}
	if page := c.outputs(c.stack)[cfn.OutputPasswordPage]; page != "" && counts.Made > 0 {
		a.hint("players set their passwords at %s", page)
	}
	return nil
}

// readAccounts reads and checks all of a file.
func (a *app) readAccounts(file string) ([]players.Account, error) {
	in := a.streams.In
	if file == "-" {
		if !a.flags.yes {
			return nil, usagef("the file is on standard input, so nobody can be asked: add --yes")
		}
	} else {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	accounts, err := players.ReadAccounts(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return accounts, nil
}

// importAccounts shows how far it has come, and what failed.
func (c *crowd) importAccounts(ctx context.Context, accounts []players.Account, forgotten func(email string) bool) (players.Counts, error) {
	p := ui.NewProgress(c.streams)
	defer p.Close()
	task := ui.Task{Key: "import", Name: "accounts", State: ui.Running, Text: "reading who is there"}
	p.Set(task)
	total := int64(len(accounts))
	counts, err := c.pool.Import(ctx, accounts, forgotten, func(counts players.Counts, a players.Account, err error) {
		if err != nil {
			p.Note(fmt.Sprintf("%s line %d: %s", ui.Failure("✗"), a.Line, ui.Plain(cloud.OneLine(cloud.Text(err)))))
		}
		done := int64(counts.Made + counts.There + counts.Forgotten + counts.Failed)
		task.Text = fmt.Sprintf("%s of %s", ui.Count(done), ui.Count(total))
		p.Set(task)
	})
	task.State = ui.Done
	if err != nil || counts.Failed > 0 {
		task.State = ui.Failed
	}
	p.Set(task)
	return counts, err
}

// printCounts says what became of a file, whether or not the import came to its end.
func (a *app) printCounts(counts players.Counts, err error) error {
	if a.json() {
		if err := a.printJSON(counts); err != nil {
			return err
		}
	} else {
		text := fmt.Sprintf("%s read: %s made, %s there already, %s failed", ui.Plural(int64(counts.Read), "account"),
			ui.Count(int64(counts.Made)), ui.Count(int64(counts.There)), ui.Count(int64(counts.Failed)))
		if counts.Forgotten > 0 {
			text += fmt.Sprintf(", %s left out: they were forgotten", ui.Count(int64(counts.Forgotten)))
		}
		if left := counts.Read - counts.Made - counts.There - counts.Forgotten - counts.Failed; left > 0 {
			text += fmt.Sprintf(", %s not tried", ui.Count(int64(left)))
		}
		a.say("%s.", text)
	}
	if err == nil && counts.Failed > 0 {
		err = fmt.Errorf("%d of %s failed", counts.Failed, ui.Plural(int64(counts.Read), "account"))
	}
	if err != nil {
		a.hint("run it again: it goes on where it ended")
	}
	return err
}
