package cli

import (
	"context"
	"errors"
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

--repair copies what is about to expire, and what is gone if its bytes lie under
the same key again. Else what is gone gives way to the newest older version that
can be read, or to nothing; a device that still has it sends it again, and then
it wins. A record that cannot be read, for which the player cannot sync, is
written anew from what is in the bucket, and the old one kept; so is one that is
not there of a player who has saves in the bucket, which only a run of that
PLAYER finds.

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
	Game   string         `json:"game,omitempty"`
	File   string         `json:"file,omitempty"`
	ID     string         `json:"id,omitempty"`
	Bytes  int64          `json:"bytes"`
	Fault  savesync.Fault `json:"fault"`
	Until  time.Time      `json:"until,omitzero"`
	// Remedy is what --repair did.
	Remedy savesync.Remedy `json:"remedy,omitempty"`
	// Evidence is where in the bucket a record is kept that was rebuilt.
	Evidence string `json:"evidence,omitempty"`
	// BanUnknown says of a record that was rebuilt that nothing tells whether the player
	// was banned.
	BanUnknown bool `json:"banUnknown,omitempty"`
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
		if err != nil && !damagedRecord(err) {
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
	c := round{desk: d, options: o, whom: name, last: o.after}
	c.task = ui.Task{Key: "verify", Name: "saves " + whose, State: ui.Running}
	return c.run(ctx, d.VerifyAll(ctx, list(ctx, o.after), playersAtOnce, o.deep))
}

// round goes through what was found of players, and counts.
type round struct {
	*desk
	options  verifyOptions
	whom     string // "" for everybody
	task     ui.Task
	progress *ui.Progress
	rows     ui.Rows  // for programs, as they come
	table    ui.Table // for people, at the end
	last     string   // the last player who was done

	players, files, bytes int64
	wrong, lost           int64 // lost is what was wrong and could not be mended
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
	switch err := checked.Err; {
	case err == nil:
		c.players++
		return c.findings(ctx, checked.Player, checked.Checkup)
	case damagedRecord(err):
		c.players++
		return c.damaged(ctx, checked.Player, err)
	default:
		c.failed++
		return c.note(ctx, checked.Player, err)
	}
}

// note says what failed, unless it ends the run.
func (c *round) note(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil || cloud.Hopeless(err) {
		return err
	}
	c.progress.Note(fmt.Sprintf("%s %s: %s", ui.Failure("✗"), ui.Plain(what), ui.Plain(cloud.OneLine(c.text(err)))))
	return nil
}

// findings goes through what is wrong with a player's files.
func (c *round) findings(ctx context.Context, player string, checkup savesync.Checkup) error {
	c.files += int64(checkup.Files)
	c.bytes += checkup.Bytes
	for _, f := range checkup.Findings {
		v := findingView{Player: player, Game: f.Game, File: f.Name, ID: f.File.ID, Bytes: f.File.Size, Fault: f.Fault, Until: f.Until.UTC()}
		var err error
		if c.options.repair {
			v.Remedy, err = c.Repair(ctx, player, f)
		}
		if err := c.found(ctx, v, err); err != nil {
			return err
		}
	}
	return nil
}

// damaged goes on with a player whose record cannot be read, or is not there: once it is rebuilt, it is
// compared with the bucket as that of everybody else.
func (c *round) damaged(ctx context.Context, player string, err error) error {
	v := findingView{Player: player, Fault: savesync.FaultRecord}
	if errors.Is(err, savesync.ErrNoRecord) {
		v.Fault = savesync.FaultMissing
	}
	if !c.options.repair {
		return c.found(ctx, v, err)
	}
	done, err := c.Rebuild(ctx, player)
	if err == nil {
		v.Remedy, v.Evidence, v.Bytes, v.BanUnknown = savesync.Anew, done.Evidence, done.Bytes, done.BanUnknown
		for _, line := range rebuilt(player, done) {
			c.progress.Note(line)
		}
	}
	if err := c.found(ctx, v, err); err != nil || v.Remedy == "" {
		return err
	}
	checkup, err := c.Verify(ctx, player, c.options.deep)
	if err != nil {
		c.failed++
		return c.note(ctx, player, err)
	}
	return c.findings(ctx, player, checkup)
}

// rebuilt says what became of a record that could not be read.
func rebuilt(player string, done savesync.Rebuilt) []string {
	has := ui.Plural(int64(done.Files), "file") + ", " + ui.Bytes(done.Bytes)
	lines := []string{player + ": rebuilt with " + has}
	switch {
	case done.Forgotten:
		lines[0] = player + ": the player was erased, and stays so"
	case done.Already:
		lines[0] = player + ": another run has rebuilt it, with " + has
	case done.BanUnknown:
		lines = append(lines, "  whether the player was banned is not known any more: users ban would ban again")
	case done.Banned:
		lines = append(lines, "  banned, as the damaged record tells: users unban would lift that")
	}
	if done.Evidence != "" {
		lines = append(lines, "  what it was is kept in the bucket for a while, as", "  "+done.Evidence)
	}
	return lines
}

// found counts and prints something that is wrong, with the error of mending it.
func (c *round) found(ctx context.Context, v findingView, err error) error {
	c.wrong++
	if v.Remedy == "" || v.Remedy == savesync.Dropped {
		c.lost++
	}
	if err != nil {
		what := v.Player
		if v.File != "" {
			what = v.File + " of " + v.Player
		}
		if err := c.note(ctx, what, err); err != nil {
			return err
		}
	}
	return c.print(v)
}

// remedies say what --repair did.
var remedies = map[savesync.Remedy]string{
	"":                 "",
	savesync.Copied:    "copied, it stays",
	savesync.FellBack:  "an older version took its place",
	savesync.Dropped:   "lost, unless a device still has it",
	savesync.Overtaken: "a device was faster, it is another one by now",
	savesync.Anew:      "rebuilt",
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
		return c.rows.Write(c.streams.Out, false, []string{v.Player, v.Game, v.File, v.ID, whole(v.Bytes), string(v.Fault), until, string(v.Remedy), v.Evidence})
	}
	fault := string(v.Fault)
	switch v.Fault {
	case savesync.FaultRecord:
		v.File, fault = "(the record)", "unreadable"
	case savesync.FaultMissing:
		v.File = "(the record)"
	}
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
		ui.Count(c.wrong), ui.Count(c.failed))
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
		return &hintedError{fmt.Errorf("%s of what is kept wrong", isAre(int(c.lost), "part")), c.command(c.typed()+" --repair") + " mends what can be"}
	}
	return nil
}

// typed is this command with what it was given.
func (c *round) typed() string {
	line := "saves verify"
	if c.whom != "" {
		line += " " + quoted(c.whom)
	}
	if c.options.deep {
		line += " --deep"
	}
	if c.options.repair {
		line += " --repair"
	}
	return line
}
