package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/gameclient"
	"github.com/renpy-cloud/renpyctl/internal/smoke"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/support"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

func newSmoke(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "smoke",
		Short: "Try whether a save travels from one device to another",
		Long: `Try a stage as players use it: a test player signs in, sends a save from one
device and fetches it on another, byte for byte the same. Then the player goes
without a trace, also after a failure or Ctrl-C; what a run leaves that is
killed, the next one erases once it is 15 minutes old. Nobody gets a mail, and
no list, count or export shows the player.

The exit code is 0 if the save arrived, 8 if the stage failed, and 9 if the test
could not be run, which tells nothing about the stage.

Each run is one more active player of the month to Cognito: nothing within the
10,000 that are free, and $0.0055 each above (LITE, us-east-1, November 2026).`,
		Example: `  renpyctl smoke --stage prod
  renpyctl smoke --stage prod --output json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.smoke(cmd.Context()) },
	}
}

// smokeGame is the game of the test's saves, where a stage does not say which it admits.
const smokeGame = "renpyctl_smoke"

// smokeBeginsWithin is how long AWS may take to answer each question before a test.
const smokeBeginsWithin = 15 * time.Second

// A smokeVerdict says what a test has shown of a stage.
type smokeVerdict string

const (
	smokeWell   smokeVerdict = "well"
	smokeFailed smokeVerdict = "failed"
	smokeUnrun  smokeVerdict = "not run"
)

// smokeView is the JSON of a test.
type smokeView struct {
	Stage   string       `json:"stage"`
	Verdict smokeVerdict `json:"verdict"`
	Steps   []smokeStep  `json:"steps"`
	Swept   int          `json:"swept"`
	Left    []string     `json:"left,omitempty"` // what could not be erased, in words
}

type smokeStep struct {
	Step         smoke.Name `json:"step"`
	Milliseconds int64      `json:"milliseconds"`
	Bytes        int64      `json:"bytes,omitempty"`
	Error        string     `json:"error,omitempty"`
}

func (a *app) smoke(ctx context.Context) error {
	s, err := a.connect(ctx)
	if err != nil {
		return a.notTried(ctx, err)
	}
	st, err := cloud.Within(ctx, smokeBeginsWithin, s.at.Deployed)
	if err != nil {
		return a.notTried(ctx, err)
	}
	view, err := s.smokeTest(ctx, st)
	if view == nil {
		return err
	}
	if printErr := s.printSmoke(*view); printErr != nil {
		return printErr
	}
	return err
}

// notTried is the error of a test that was not begun: where nothing tells that it is the
// command or the stage that is amiss, nothing is known of the stage. It is never the
// exit code that says that the save arrived.
func (a *app) notTried(ctx context.Context, err error) error {
	if code, hint := a.explain(ctx, err); code == exitError {
		return &verdictError{notSure, "the test could not be run: " + a.text(err), hint}
	}
	return err
}

// smokeTest tries a deployed stage. The view is nil where the test was not begun, or was
// interrupted before it had shown anything. Errors are verdicts, for what the test has
// shown; what could not be erased; and the interruption's.
func (s *session) smokeTest(ctx context.Context, st stack.Stack) (*smokeView, error) {
	test, err := s.newSmokeTest(ctx, st)
	if err != nil {
		return nil, s.notTried(ctx, err)
	}
	screen := s.smokeScreen()
	report, err := test.Run(ctx, screen)
	view := s.smokeView(report, err)
	screen.end(view.Verdict)
	if view.Verdict == "" {
		for _, left := range view.Left { // of an interruption nothing else is said
			s.say("%s", ui.Warning("not erased: "+left))
		}
		return nil, err
	}
	return &view, s.smokeError(ctx, err)
}

// newSmokeTest makes the test of a stage.
func (s *session) newSmokeTest(ctx context.Context, st stack.Stack) (smoke.Test, error) {
	pool, err := s.at.Accounts(st)
	if err != nil {
		return smoke.Test{}, err
	}
	id, err := cloud.Within(ctx, smokeBeginsWithin, s.at.WhoAmI)
	if err != nil {
		return smoke.Test{}, err
	}
	desk, err := support.Open(s.at, st, id.Account, id.Name())
	if err != nil {
		return smoke.Test{}, err
	}
	game, _, _ := strings.Cut(st.Parameters[cfn.ParamGameIDs], ",")
	config, err := s.gameConfig(st, cmp.Or(strings.TrimSpace(game), smokeGame))
	if err != nil {
		return smoke.Test{}, err
	}
	return smoke.Test{Accounts: pool, Desk: desk, Game: s.gameClient(config)}, nil
}

// gameClient is a game's client that is configured as the stage says. Where calls to AWS
// go elsewhere, so do the game's.
func (s *session) gameClient(c renpyConfig) *gameclient.Client {
	return gameclient.New(gameclient.Config{
		APIBaseURL: c.APIBaseURL, GameID: c.GameID, Region: c.Region, UserPoolID: c.UserPoolID, ClientID: c.ClientID,
		CognitoEndpoint: cmp.Or(c.CognitoEndpoint, cloud.Cognito(s.at.Config), c.CognitoElsewhere),
	}, s.env.GameTransport)
}

// smokeView is what a test has shown.
func (s *session) smokeView(r smoke.Report, err error) smokeView {
	v := smokeView{Stage: s.flags.stage, Verdict: smokeVerdictOf(r, err), Steps: []smokeStep{}, Swept: r.Swept}
	for _, step := range r.Steps {
		row := smokeStep{Step: step.Name, Milliseconds: step.Took.Milliseconds(), Bytes: step.Bytes}
		if step.Err != nil {
			row.Error = ui.Plain(cloud.OneLine(s.text(step.Err)))
		}
		v.Steps = append(v.Steps, row)
	}
	for _, residue := range residues(err) {
		v.Left = append(v.Left, residue.Player+": "+strings.Join(residue.Left, ", "))
	}
	return v
}

// smokeVerdictOf is "" for a test that was interrupted before it had shown anything.
func smokeVerdictOf(r smoke.Report, err error) smokeVerdict {
	if _, failed := errors.AsType[*smoke.FailedError](err); failed {
		return smokeFailed
	}
	if _, unrun := errors.AsType[*smoke.UnrunError](err); unrun {
		return smokeUnrun
	}
	if slices.ContainsFunc(r.Steps, func(s smoke.Step) bool { return s.Name == smoke.Compare }) {
		return smokeWell
	}
	return ""
}

// residues are all that could not be erased, as an error of [smoke.Test.Run] says it.
func residues(err error) (list []*support.ResidueError) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range joined.Unwrap() {
			list = append(list, residues(err)...)
		}
	} else if residue, ok := errors.AsType[*support.ResidueError](err); ok {
		list = append(list, residue)
	}
	return list
}

// smokeError is the outcome of a test as an error of the table: nil if all is well.
func (s *session) smokeError(ctx context.Context, err error) error {
	left := ""
	for _, residue := range residues(err) {
		left += "; " + residue.Error()
	}
	if failed, ok := errors.AsType[*smoke.FailedError](err); ok {
		return &verdictError{notWell, s.text(failed) + left, s.command("logs --errors --since 10m") + " shows what the functions say"}
	}
	if unrun, ok := errors.AsType[*smoke.UnrunError](err); ok {
		code, hint := s.explainAWS(unrun)
		if code == exitAccess {
			return &verdictError{notAllowed, s.text(unrun) + left, cmp.Or(hint, s.command("policy smoke")+" prints what it needs")}
		}
		return &verdictError{notSure, s.text(unrun) + left, cmp.Or(hint, "nothing is known of the stage: run "+s.command("smoke")+" again")}
	}
	if left != "" && ctx.Err() == nil {
		return &hintedError{err, "the save arrived; " + s.command("smoke") + " erases in 15 minutes what is left of the test player"}
	}
	return err
}

// printSmoke prints the steps of a test with their times.
func (s *session) printSmoke(v smokeView) error {
	if s.json() {
		return s.printJSON(v)
	}
	t := ui.Table{Header: []string{"STEP", "TIME", "SAVES", ""}, Right: map[int]bool{1: true, 2: true}}
	for _, step := range v.Steps {
		t.Rows = append(t.Rows, s.smokeRow(step))
	}
	if err := s.printTable(t); err != nil {
		return err
	}
	if v.Swept > 0 {
		s.say("%s of earlier tests erased.", ui.Plural(int64(v.Swept), "test player"))
	}
	if v.Verdict == smokeWell && len(v.Left) == 0 {
		s.say("%s", v.passed())
	}
	return nil
}

// passed says that a save arrived, and how long that took.
func (v smokeView) passed() string {
	return fmt.Sprintf("%s in %s; nothing is left of the player.", ui.Success("A save travels from device to device"), milliseconds(v.playing()))
}

// playing is how long it took from the sign-in to the same save on the second device.
func (v smokeView) playing() (total int64) {
	for _, step := range v.Steps {
		if step.Step != smoke.Account && step.Step != smoke.CleanUp {
			total += step.Milliseconds
		}
	}
	return total
}

// milliseconds says a short time with its milliseconds, a longer one as all others.
func milliseconds(ms int64) string {
	if ms < 10_000 {
		return ui.Count(ms) + " ms"
	}
	return ui.Elapsed(time.Duration(ms) * time.Millisecond)
}

// smokeRow is a step as a row: for programs in milliseconds and bytes.
func (s *session) smokeRow(step smokeStep) []string {
	if !s.streams.OutTerminal {
		return []string{string(step.Step), strconv.FormatInt(step.Milliseconds, 10), strconv.FormatInt(step.Bytes, 10), step.Error}
	}
	size, outcome := "", ""
	if step.Bytes > 0 {
		size = ui.Bytes(step.Bytes)
	}
	if step.Error != "" {
		width, _ := s.streams.Size()
		outcome = ui.Failure(ui.Fit("✗ "+step.Error, max(20, width-32)))
	}
	return []string{string(step.Step), milliseconds(step.Milliseconds), size, outcome}
}
