package cli

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/players"
	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/support"
	"github.com/renpy-cloud/renpyctl/internal/ui"
	"github.com/renpy-cloud/renpyctl/internal/when"
)

type verifyOptions struct {
	repair, deep bool
	after        string
}

func newSavesVerify(a *app) *cobra.Command {
	var o verifyOptions
	cmd := &cobra.Command{
		Use:   "verify [PLAYER]",
		Short: "Compare what the records name with what is in the bucket",
		Long: `Compare what the record of a player, or of everybody, names with what is in the
bucket: gone, of another size, about to expire; with --deep, of other bytes, for
which everything is read. A run that was cut off says how it goes on.

--repair copies what is about to expire. What is gone gives way to the newest
older version that can be read, or to nothing; a device that still has it sends
it again, and then it wins.

The exit code is 1 if something is wrong, and with --repair if it stays so: a
save of which nothing is left, or a player who could not be checked.`,
		Example: `  renpyctl saves verify --stage prod
  renpyctl saves verify ann@example.com --deep --repair`,
		Args:              between(0, 1, "a player, or nothing for everybody"),
		ValidArgsFunction: a.completeOnePlayer,
		RunE: func(cmd *cobra.Command, args []string) error {
			name := ""
			if len(args) == 1 {
				name = args[0]
			}
			return a.savesVerify(cmd.Context(), name, o)
		},
	}
	cmd.Flags().BoolVar(&o.repair, "repair", false, "mend what is found")
	cmd.Flags().BoolVar(&o.deep, "deep", false, "read every byte")
	cmd.Flags().StringVar(&o.after, "after", "", "go on after the player of this id, which a run that was cut off names")
	return cmd
}

// findingView is the JSON of something that is wrong.
type findingView struct {
	Player string         `json:"player"` // the id
	Game   string         `json:"game"`
	File   string         `json:"file"`
	ID     string         `json:"id"`
	Bytes  int64          `json:"bytes"`
	Fault  savesync.Fault `json:"fault"`
	Until  time.Time      `json:"until,omitzero"`
	// Remedy is what --repair did.
	Remedy savesync.Remedy `json:"remedy,omitempty"`
}

// playersAtOnce is how many players are checked at once.
const playersAtOnce = 16

func (a *app) savesVerify(ctx context.Context, name string, o verifyOptions) error {
	switch {
	case name != "" && o.after != "":
		return usagef("--after is for a run over everybody")
	case o.after != "" && !players.IsSub(o.after):
		return usagef("--after %q is not the id of a player", o.after)
	}
	if o.repair {
		if err := a.canAsk(); err != nil {
			return err
		}
	}
	d, err := a.desk(ctx)
	if err != nil {
		return err
	}
	list, whose := d.Items.Players, "of everybody in stage "+a.flags.stage
	if name != "" {
		player, err := d.keeper(ctx, name)
		if err != nil {
			return err
		}
		list = func(context.Context, string) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) { yield(player.Sub, nil) }
		}
		whose = "of " + called(player.Player)
	}
	if o.repair {
		if err := a.confirm(ctx, "Repair what is found wrong "+whose+"?"); err != nil {
			return err
		}
	}
	c := round{desk: d, options: o, last: o.after}
	c.task = ui.Task{Key: "verify", Name: "saves " + whose, State: ui.Running}
	return c.run(ctx, d.VerifyAll(ctx, list(ctx, o.after), playersAtOnce, o.deep))
}

// round goes through what was found of players, and counts.
type round struct {
	*desk
	options  verifyOptions
	task     ui.Task
	progress *ui.Progress
	rows     ui.Rows  // for programs, as they come
	table    ui.Table // for people, at the end
	last     string   // the last player who was done

	players, files, bytes int64
	found, lost           int64 // lost is what was found and could not be mended
	failed                int64
}

func (c *round) run(ctx context.Context, list iter.Seq2[support.Checked, error]) error {
	c.progress = ui.NewProgress(c.streams)
	err := c.all(ctx, list)
	c.progress.Close()
	return c.end(err)
}

func (c *round) all(ctx context.Context, list iter.Seq2[support.Checked, error]) error {
	for checked, err := range list {
		if err == nil {
			err = c.add(ctx, checked)
		}
		if err != nil {
			return err
		}
		c.last = checked.Player
		c.task.Text = ui.Plural(c.players, "player") + ", " + ui.Plural(c.files, "file")
		c.progress.Set(c.task)
	}
	c.task.State = ui.Done
	c.progress.Set(c.task)
	return nil
}

// add counts what was found of a player, mends it and prints it. What others would meet
// as well ends the run.
func (c *round) add(ctx context.Context, checked support.Checked) error {
	if err := checked.Err; err != nil {
		if ctx.Err() != nil || cloud.Hopeless(err) {
			return err
		}
		c.failed++
		c.progress.Note(fmt.Sprintf("%s %s: %s", ui.Failure("✗"), checked.Player, ui.Plain(cloud.OneLine(c.text(err)))))
		return nil
	}
	c.players++
	c.files += int64(checked.Files)
	c.bytes += checked.Bytes
	for _, f := range checked.Findings {
		v := findingView{checked.Player, f.Game, f.Name, f.File.ID, f.File.Size, f.Fault, f.Until.UTC(), ""}
		var err error
		if c.options.repair {
			v.Remedy, err = c.Repair(ctx, checked.Player, f)
		}
		if err != nil && (ctx.Err() != nil || cloud.Hopeless(err)) {
			return err
		}
		c.found++
		if err != nil || v.Remedy == "" || v.Remedy == savesync.Dropped {
			c.lost++
		}
		if failed := c.print(v); failed != nil {
			return failed
		}
		if err != nil {
			c.progress.Note(fmt.Sprintf("%s %s of %s: %s", ui.Failure("✗"), f.Name, checked.Player, ui.Plain(cloud.OneLine(c.text(err)))))
		}
	}
	return nil
}

// remedies say what --repair did.
var remedies = map[savesync.Remedy]string{
	"":                 "",
	savesync.Copied:    "copied, it stays",
	savesync.FellBack:  "an older version took its place",
	savesync.Dropped:   "lost, unless a device still has it",
	savesync.Overtaken: "a device was faster, it is another one by now",
}

func (c *round) print(v findingView) error {
	switch {
	case c.json():
		return c.printJSONLine(v)
	case !c.streams.OutTerminal:
		until := ""
		if !v.Until.IsZero() {
			until = v.Until.Format(time.RFC3339)
		}
		return c.rows.Write(c.streams.Out, false, []string{v.Player, v.Game, v.File, v.ID, whole(v.Bytes), string(v.Fault), until, string(v.Remedy)})
	}
	fault := string(v.Fault)
	if !v.Until.IsZero() {
		fault += ", " + when.Format(v.Until, time.Local)
	}
	c.table.Rows = append(c.table.Rows, []string{v.Player, v.Game, ui.Plain(v.File), ui.Warning(fault), remedies[v.Remedy]})
	return nil
}

// end counts. The answer is whole only if everybody was checked and nothing stays wrong.
func (c *round) end(err error) error {
	if len(c.table.Rows) > 0 {
		c.table.Header = []string{"PLAYER", "GAME", "FILE", "WRONG", "MENDED"}
		if err := c.printTable(c.table); err != nil {
			return err
		}
	}
	c.say("%s checked: %s, %s; %s wrong, %s could not be checked.", ui.Plural(c.players, "player"), ui.Plural(c.files, "file"), ui.Bytes(c.bytes),
		ui.Count(c.found), ui.Count(c.failed))
	switch {
	case err != nil:
		if c.last != "" {
			c.hint("%s goes on", c.command(c.typed()+" --after "+c.last))
		}
		return err
	case c.failed > 0:
		return fmt.Errorf("%s could not be checked", ui.Plural(c.failed, "player"))
	case c.lost > 0 && c.options.repair:
		return fmt.Errorf("of %s nothing is left in the bucket, or it could not be mended", ui.Plural(c.lost, "save"))
	case c.lost > 0:
		return &hintedError{fmt.Errorf("%s wrong", isAre(int(c.lost), "save")), c.command(c.typed()+" --repair") + " mends what can be"}
	}
	return nil
}

// typed is this command with what it was given.
func (c *round) typed() string {
	line := "saves verify"
	if c.options.deep {
		line += " --deep"
	}
	if c.options.repair {
		line += " --repair"
	}
	return line
}
