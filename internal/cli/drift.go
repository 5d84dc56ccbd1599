package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	lambdaapi "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/functions"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/ui"
	"github.com/renpy-cloud/renpyctl/lambda"
)

func newDrift(a *app) *cobra.Command {
	var exitCode bool
	cmd := &cobra.Command{
		Use:   "drift",
		Short: "Show what somebody has changed past renpyctl",
		Long: `Show how the functions differ from what the live release gave them: fast
deploys, and edits in the AWS console. A deploy puts them right.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.showDrift(cmd.Context(), exitCode) },
	}
	cmd.Flags().BoolVar(&exitCode, "exit-code", false, "exit with 8 if there are differences")
	return cmd
}

func (a *app) showDrift(ctx context.Context, exitCode bool) error {
	s, sit, err := a.surveyDeployed(ctx)
	if err != nil {
		return err
	}
	if sit.stack.Status.InProgress() {
		return busy(sit.stack)
	}
	if !sit.stack.Status.Updatable() {
		return &stackError{
			text:   fmt.Sprintf("the stack %s is %s: what its functions should be is not certain", sit.stack.Name, sit.stack.Status),
			reason: string(sit.stack.Status), hint: "docs/deploying.md explains every state",
		}
	}
	if err := s.findDrift(ctx, sit); err != nil {
		return err
	}
	switch {
	case a.json():
		err = a.printJSON(append([]drifted{}, sit.drift...))
	case len(sit.drift) == 0:
		a.say("No differences: the functions run what release %d gave them.", sit.release())
	default:
		err = a.printDrift(sit.drift)
		a.hint("%s puts them right", a.command("deploy"))
	}
	if err == nil && exitCode && len(sit.drift) > 0 {
		err = changesError{}
	}
	return err
}

// drifted is a function that does not run what the stack says.
type drifted struct {
	functionInfo
	want        functions.Function
	Differences []functions.Difference `json:"differences"`
}

// findDrift compares what the functions run with what the stack says: their code
// by the stack's parameters, which name it by its hash, and their settings by the
// record that the live release left. Without a record the settings are not known.
func (s *session) findDrift(ctx context.Context, sit *situation) error {
	if !sit.stack.Status.Updatable() {
		return nil
	}
	recorded, err := s.recorded(ctx, sit)
	if err != nil {
		return err
	}
	for _, have := range sit.live {
		want, known := recorded[have.Name]
		if !known {
			want = have.Function
		}
		want.CodeSha256 = lambda.CodeSha256(codeHash(sit.codeKey(have.Name)))
		if d := functions.Compare(want, have.Function); len(d) > 0 {
			sit.drift = append(sit.drift, drifted{have, want, d})
		}
	}
	for _, name := range sit.missing() {
		gone := functionInfo{Name: name}
		sit.drift = append(sit.drift, drifted{functionInfo: gone, Differences: []functions.Difference{{Setting: missingFunction, Want: "there"}}})
	}
	return nil
}

// missingFunction is the setting that differs of a function that was deleted.
const missingFunction = "function"

// missing are the functions that the stack has and Lambda has not.
func (sit *situation) missing() []string {
	if !sit.stack.Status.Updatable() {
		return nil
	}
	return missingFrom(sit.live, sit.template)
}

// missingFrom are the functions of a stack's template that are not among those live.
func missingFrom(live []functionInfo, template string) []string {
	var names []string
	for _, name := range functionNames() {
		// A stack that was made by importing kept data has no functions yet.
		isOfStack := strings.Contains(template, logicalID(name)+":")
		if isOfStack && !slices.ContainsFunc(live, func(f functionInfo) bool { return f.Name == name }) {
			names = append(names, name)
		}
	}
	return names
}

// logicalID is a function's name in the template.
func logicalID(function string) string {
	return map[string]string{"syncPlan": cfn.SyncPlanFunction, "syncComplete": cfn.SyncCompleteFunction}[function]
}

// leftMissing are the missing functions that a plan would not bring back.
func (sit *situation) leftMissing(plan *stack.Plan) []string {
	return slices.DeleteFunc(sit.missing(), func(name string) bool {
		return slices.ContainsFunc(plan.Changes, func(c stack.Change) bool { return c.LogicalID == logicalID(name) })
	})
}

// recorded returns what the functions ran right after the live release, by
// their short names; empty where no record tells.
func (s *session) recorded(ctx context.Context, sit *situation) (map[string]functions.Function, error) {
	r, err := sit.store.Get(ctx, sit.release())
	if errors.Is(err, release.ErrNoRelease) || errors.Is(err, release.ErrDamaged) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	sit.record = &r
	recorded := map[string]functions.Function{}
	for _, f := range sit.ran() {
		recorded[f.Name] = f.Function
	}
	return recorded, nil
}

// ran is what the functions ran right after the live release, as its record tells.
func (sit *situation) ran() []functionInfo {
	var then []functionInfo
	if sit.record == nil || len(sit.record.Outcome.Functions) == 0 || json.Unmarshal(sit.record.Outcome.Functions, &then) != nil {
		return nil
	}
	return then
}

// printDrift prints differences: in lines for people, in columns for programs.
func (a *app) printDrift(list []drifted) error {
	if a.streams.OutTerminal {
		_, err := io.WriteString(a.streams.Out, driftText(list))
		return err
	}
	var t ui.Table
	for _, f := range list {
		for _, d := range f.Differences {
			want, have := shown(d)
			t.Rows = append(t.Rows, []string{f.Name, d.Setting, want, have})
		}
	}
	return a.printTable(t)
}

// driftText is a line for each difference.
func driftText(list []drifted) string {
	var b strings.Builder
	for _, f := range list {
		for _, d := range f.Differences {
			want, have := shown(d)
			fmt.Fprintf(&b, "  %s %s  %s is %s, should be %s\n", ui.Warning("~"), ui.Accent(f.Name), d.Setting, brief(have), brief(want))
		}
	}
	return b.String()
}

// shown are the two values of a difference as people see them: code by the hash
// that info shows, and nothing that somebody has put into a variable of their
// own, which may be a secret.
func shown(d functions.Difference) (want, have string) {
	switch {
	case d.Setting == "codeSha256":
		return short(lambda.HexSum(d.Want)), short(lambda.HexSum(d.Have))
	case strings.HasPrefix(d.Setting, "environment.") && d.Want == "":
		return "none", "a value"
	case d.Setting == missingFunction:
		return d.Want, "deleted"
	}
	return quoteEmpty(d.Want), quoteEmpty(d.Have)
}

// restore puts right functions that were changed past CloudFormation, which
// sees no reason to touch them, after asking.
func (s *session) restore(ctx context.Context, sit *situation, t *target) error {
	if err := checkMissing(sit.missing()); err != nil {
		return err
	}
	s.say("\nThe stack is up to date, but somebody has changed the functions:")
	s.say("%s", strings.TrimSuffix(driftText(sit.drift), "\n"))
	if err := s.ask(ctx, sit, "Put them right?"); err != nil {
		return err
	}
	var err error
	if sit.contents, err = sit.store.Contents(ctx); err != nil {
		return err
	}
	if _, _, err := t.upload(ctx, sit); err != nil { // the artefact bucket may have been deleted
		return err
	}
	if err := s.putRight(ctx, sit, nil); err != nil {
		return err
	}
	sit.live, err = s.functions(ctx)
	return err
}

// checkMissing refuses to leave a stage without functions that CloudFormation
// does not bring back.
func checkMissing(missing []string) error {
	if len(missing) == 0 {
		return nil
	}
	return &stackError{
		text:   fmt.Sprintf("somebody has deleted %s, and CloudFormation does not bring it back", strings.Join(missing, " and ")),
		reason: "functions are missing", hint: "docs/deploying.md, Drift, says how they come back",
	}
}

// putRight gives the functions what the stack says of them. Code that
// CloudFormation is about to replace stays until then: next has the keys of the
// code that the functions are to have. So do functions that are missing.
func (s *session) putRight(ctx context.Context, sit *situation, next map[string]string) error {
	client := lambdaapi.NewFromConfig(s.cfg)
	for _, d := range sit.drift {
		code, settings := d.parts()
		key := sit.codeKey(d.Name)
		code = code && cmp.Or(next[d.Name], key) == key
		if code {
			src := functions.Source{Bucket: sit.store.Bucket, Key: key, CodeSha256: d.want.CodeSha256, Architecture: d.want.Architecture}
			if _, err := functions.UpdateCode(ctx, client, d.FunctionName, src); err != nil {
				return err
			}
		}
		if settings {
			if err := functions.UpdateSettings(ctx, client, d.want); err != nil {
				return err
			}
		}
		if code || settings {
			s.say("  %s %s  put right", ui.Success("✓"), ui.Accent(d.Name))
		}
	}
	return nil
}

// parts tells what of a function differs: its code, its settings or both.
func (d drifted) parts() (code, settings bool) {
	for _, diff := range d.Differences {
		switch diff.Setting {
		case "codeSha256", "architecture":
			code = true
		case missingFunction:
		default:
			settings = true
		}
	}
	return code, settings
}
