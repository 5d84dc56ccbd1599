package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/renpy-cloud/renpyctl/internal/bucket"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/deploy"
	"github.com/renpy-cloud/renpyctl/internal/local"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/teardown"
	"github.com/renpy-cloud/renpyctl/internal/ui"
	"github.com/renpy-cloud/renpyctl/lambda"
)

// The exit codes, which scripts rely on.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2
	exitNotFound    = 3
	exitAccess      = 4
	exitStack       = 5
	exitBusy        = 6
	exitRefused     = 7
	exitChanges     = 8           // a comparison has found something
	exitNotWell     = exitChanges // a check has
	exitUnclear     = 9
	exitInterrupted = 130
	exitNobodyReads = 141 // as shells report the SIGPIPE that other programs end by
)

// exitCodes say what each exit code means, as in README.md.
var exitCodes = []struct {
	code  int
	means string
}{
	{exitOK, "done, or nothing to do"},
	{exitError, "anything else"},
	{exitUsage, "wrong usage, or a needed --yes is missing"},
	{exitNotFound, "no such stage, player, release, game, file or version"},
	{exitAccess, "not signed in, expired, not allowed, no region, or none of that name"},
	{exitStack, "the stack failed or was rolled back"},
	{exitBusy, "busy: another operation runs on the stack"},
	{exitRefused, "refused: data would be lost or a file written over, the stack is another tool's, or a plan or release does not fit any more"},
	{exitChanges, "something was found: with plan and drift --exit-code changes, with a check of the stage something that is wrong"},
	{exitUnclear, "could not find out: a check got no answer to something, and nothing else is known to be wrong"},
	{exitInterrupted, "interrupted"},
	{exitNobodyReads, "nobody reads the answer any more (| head -1)"},
}

// usageError is a wrong command line, or a missing confirmation.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// stackError says that the stack is in no state for what it was asked for.
type stackError struct {
	text, hint string
}

func (e *stackError) Error() string { return e.text }

// A verdict is what a look at a stage came to that did not find it well.
type verdict int

const (
	notWell    verdict = iota // something is wrong
	notSure                   // nothing is known to be wrong, and something could not be found out
	notAllowed                // the same, and all of it for want of permissions
)

// verdictError ends a command that looks at a stage and has printed what it found.
type verdictError struct {
	verdict
	text, hint string
}

func (e *verdictError) Error() string { return e.text }

// exitCodeOf tells scripts the verdicts apart.
func exitCodeOf(v verdict) int {
	switch v {
	case notSure:
		return exitUnclear
	case notAllowed:
		return exitAccess
	}
	return exitNotWell
}

// hintedError is an error whose hint a command knows better than the table.
type hintedError struct {
	error
	hint string
}

func (e *hintedError) Unwrap() error { return e.error }

// finish prints the error, if any, with a hint, and returns the exit code.
func (a *app) finish(ctx context.Context, err error) int {
	if err == nil {
		return exitOK
	}
	if _, ok := errors.AsType[changesError](err); ok {
		return exitChanges
	}
	if a.nobodyReads(err) {
		return exitNobodyReads
	}
	code, hint := a.explain(ctx, err)
	text := a.text(err)
	if aboutStack(err) {
		text = fmt.Sprintf("%s %s: %s", a.verb, a.flags.stage, text)
	}
	if code == exitInterrupted {
		text = "interrupted"
	}
	if id := cloud.RequestID(err); id != "" && code == exitError && !strings.Contains(text, id) {
		text += " (request id " + id + ")"
	}
	a.say("%s %s", ui.Failure("renpyctl:"), ui.Plain(cloud.OneLine(strings.ReplaceAll(text, "\n", "; "))))
	a.annotate(text)
	if l, ok := errors.AsType[*local.Error](err); ok {
		for _, line := range l.Output {
			a.say("  %s", ui.Dim(line))
		}
	}
	if hint != "" {
		a.say("%s %s", ui.Dim("hint:"), hint)
	}
	return code
}

// text says an error in one line. What an engine counts is counted for people.
func (a *app) text(err error) string {
	if e, ok := errors.AsType[*teardown.HoldsDataError](err); ok {
		return fmt.Sprintf("the stack is %s, and holds %s and %s of saves", e.Status,
			ui.Plural(e.Totals.Players, "player"), ui.Plural(e.Totals.Saves.Versions, "version"))
	}
	return cloud.Text(err)
}

// aboutStack tells the errors that say what became of the stack, or how it is, but
// not, since the engine does not know it, what was asked for of which stage.
func aboutStack(err error) bool {
	_, failed := errors.AsType[*stage.FailedError](err)
	_, notCreated := errors.AsType[*deploy.CreateFailedError](err)
	_, guarded := errors.AsType[*deploy.GuardError](err)
	_, holdsData := errors.AsType[*teardown.HoldsDataError](err)
	_, looked := errors.AsType[*verdictError](err)
	return failed || notCreated || guarded || holdsData || looked
}

// explain is the one table from errors to exit codes and advice.
func (a *app) explain(ctx context.Context, err error) (code int, hint string) {
	if e, ok := errors.AsType[*hintedError](err); ok {
		code, _ := a.explain(ctx, e.error)
		return code, e.hint
	}
	if e, ok := errors.AsType[*verdictError](err); ok {
		return exitCodeOf(e.verdict), e.hint
	}
	if e, ok := errors.AsType[*strayError](err); ok && a.knowsStage(e.typed) {
		return exitUsage, "did you mean " + e.command + " --stage " + e.typed + "?"
	}
	if _, ok := errors.AsType[*usageError](err); ok {
		return exitUsage, a.running + " --help shows how it is used"
	}
	if e, ok := errors.AsType[*otherGameError](err); ok {
		return exitRefused, fmt.Sprintf("add --game-id %s; under another id players do not find their saves (--change-game-id writes it all the same)", e.there)
	}
	if _, ok := errors.AsType[*stage.NoStageError](err); ok {
		return exitNotFound, a.otherStages(ctx)
	}
	if e, ok := errors.AsType[*stage.ForeignStackError](err); ok {
		if e.Lost {
			return exitRefused, a.command("recover --adopt") + " gives it back, if it is the stage's"
		}
		return exitRefused, "choose another stage, so that this stack is not overwritten"
	}
	if e, ok := errors.AsType[*deploy.GuardError](err); ok {
		return exitRefused, fmt.Sprintf("to look closer, %s --verbose; to really do it, add --allow-replace %s",
			a.command("plan"), strings.Join(e.LogicalIDs(), " --allow-replace "))
	}
	if _, ok := errors.AsType[*teardown.HoldsDataError](err); ok {
		return exitRefused, a.command("remove") + " deletes all of it; --keep-data there keeps players and saves"
	}
	if _, ok := errors.AsType[*teardown.WrittenMeanwhileError](err); ok {
		return exitRefused, a.command("remove") + " shows it and deletes it"
	}
	if _, ok := errors.AsType[*teardown.LeftError](err); ok {
		return exitError, a.command("remove") + " goes on with the removal"
	}
	if errors.Is(err, stack.ErrBusy) || errors.Is(err, release.ErrTaken) {
		return exitBusy, a.command("deploy --watch") + " watches what runs" + a.waitHint()
	}
	if errors.Is(err, stack.ErrNothingRan) {
		return exitStack, "the stack is as it was: run " + a.command(a.again) + " again"
	}
	if errors.Is(err, stack.ErrUnclear) && cloud.KindOf(err) == cloud.Other {
		return exitStack, a.command("info") + " says what the stack is by now"
	}
	if e, ok := errors.AsType[*stackError](err); ok {
		return exitStack, e.hint
	}
	if e, ok := errors.AsType[*deploy.CreateFailedError](err); ok {
		if e.Left {
			return exitStack, a.command("recover") + " says what can be done, " + a.command("remove") + " deletes what is there"
		}
		return exitStack, "mend the cause and run " + a.command("deploy") + " again"
	}
	if e, ok := errors.AsType[*stage.FailedError](err); ok {
		return exitStack, a.afterFailure(e)
	}
	if _, ok := errors.AsType[*deploy.FirstFailedError](err); ok {
		return exitStack, a.command("deploy") + " clears that away, if it holds no player's data, and shows its plan before it goes on"
	}
	if e, ok := errors.AsType[*deploy.StateError](err); ok {
		if e.Recoverable {
			return exitStack, a.command("recover") + " shows why and brings it back"
		}
		return exitStack, "docs/deploying.md explains every state"
	}
	if _, ok := errors.AsType[*deploy.MissingError](err); ok {
		return exitStack, "docs/deploying.md, Drift, says how they come back"
	}
	if _, ok := errors.AsType[*deploy.CodeError](err); ok {
		return exitStack, a.command("drift") + " shows it, " + a.command("deploy") + " puts it right"
	}
	if e, ok := errors.AsType[*deploy.UnfinishedError](err); ok {
		code, hint := a.explain(ctx, e.Unwrap())
		return code, strings.TrimPrefix(hint+"; then ", "; then ") + a.command("deploy") + " does the rest"
	}
	if _, ok := errors.AsType[*release.ForgedError](err); ok {
		return exitRefused, "whoever may write to this bucket is to be looked at; S3 keeps what was written over or deleted for " +
			ui.Plural(release.ExpireAfterDays, "day") + ", and " + a.command("deploy") + " brings this program's own"
	}
	if e, ok := errors.AsType[*stack.RefusedError](err); ok {
		return exitStack, a.explainRefusal(e)
	}
	if _, ok := errors.AsType[*release.ForeignBucketError](err); ok {
		return exitAccess, "check that --profile is of the account that holds this stage, or choose another stage name"
	}
	if _, ok := errors.AsType[*release.UnusableError](err); ok {
		return exitRefused, a.command("releases") + " lists those that have succeeded"
	}
	if e, ok := errors.AsType[*local.Error](err); ok {
		return exitError, e.Hint
	}
	if e, ok := errors.AsType[*bucket.KeyError](err); ok && e.Code == "AccessDenied" {
		return exitAccess, cmp.Or(forbids(e.Message), "these credentials need permission for s3:DeleteObjectVersion and s3:DeleteObject")
	}
	if errors.Is(err, ui.ErrLeft) {
		return exitInterrupted, a.untouched()
	}
	if ctx.Err() != nil {
		return exitInterrupted, ""
	}
	if code, hint, ok := a.explainPlayers(err); ok {
		return code, hint
	}
	if code, hint, ok := a.explainSaves(err); ok {
		return code, hint
	}
	switch {
	case errors.Is(err, ui.ErrDeclined):
		return exitError, a.untouched()
	case errors.Is(err, cloud.ErrNoRegion):
		return exitAccess, a.chooseRegion(ctx)
	case errors.Is(err, release.ErrNoRelease):
		return exitNotFound, a.command("releases") + " lists the releases"
	case errors.Is(err, stack.ErrStale):
		return exitRefused, "make a new plan: " + a.command("plan")
	case errors.Is(err, lambda.ErrNotBuilt):
		return exitError, "run make in a checkout, or use a released binary"
	}
	return a.explainAWS(err)
}

// untouched says what a question leaves that was not answered with yes.
func (a *app) untouched() string {
	if a.cleared {
		return "nothing was changed but that the failed first deploy is cleared away"
	}
	return "nothing was changed"
}

// waitHint tells of --wait to whoever runs a command that has it: to nobody
// else is a deploy the way on.
func (a *app) waitHint() string {
	if !a.canWait {
		return ""
	}
	return "; --wait waits for it and goes on"
}

// explainRefusal advises on a change set that CloudFormation would not make.
func (a *app) explainRefusal(e *stack.RefusedError) string {
	for _, f := range e.Findings {
		if advice := advise(stack.Event{Type: f.Type, Reason: f.Text}); advice != "" {
			return advice
		}
	}
	return advise(stack.Event{Reason: e.Reason})
}
