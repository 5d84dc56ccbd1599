package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/deploy"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// smokePause is before a test is repeated: what a deploy has changed takes some seconds
// to be seen everywhere.
const smokePause = 5 * time.Second

// tryDeployed tries a release that was just deployed, and takes it back if it fails
// twice. The stack is as it was left, and so is printed by the caller, also with an error.
func (s *session) tryDeployed(ctx context.Context, p *deploy.Plan, st stack.Stack) (stack.Stack, *smokeView, error) {
	view, err := s.smokeTwice(ctx, st)
	if view == nil || view.Verdict != smokeFailed {
		return st, view, s.notTriedDeployed(ctx, p.Number, err)
	}
	s.say("%s", ui.Warning(fmt.Sprintf("Release %d has failed twice: it is to be taken back.", p.Number)))
	back, backErr := deploy.TakeBack(ctx, s.at, p.Number, s.how(release.Rollback, 0, deployOptions{}).Record, s.screen())
	if stays, ok := errors.AsType[*deploy.StaysError](backErr); ok {
		return st, view, s.stays(err, stays)
	}
	if backErr != nil {
		return st, view, fmt.Errorf("%s; taking release %d back did not succeed: %w", s.text(err), p.Number, backErr)
	}
	return back.Stack, view, s.takenBack(ctx, p.Number, back, err)
}

// smokeTwice tries a stage, and once more if it fails.
func (s *session) smokeTwice(ctx context.Context, st stack.Stack) (*smokeView, error) {
	view, err := s.smokeTest(ctx, st)
	if view == nil || view.Verdict != smokeFailed {
		return view, err
	}
	s.say("%s", ui.Warning("The test failed, and is repeated: "+s.text(err)))
	if err := cloud.Sleep(ctx, smokePause); err != nil {
		return nil, err
	}
	return s.smokeTest(ctx, st)
}

// notTriedDeployed says of a release that it is live, and that nobody knows whether it
// is good: that is another outcome than that of a deploy for which a permission is missing.
func (s *session) notTriedDeployed(ctx context.Context, number int, err error) error {
	verdict, judged := errors.AsType[*verdictError](err)
	switch {
	case err == nil, ctx.Err() != nil:
		return err
	case judged:
		return &verdictError{notSure, fmt.Sprintf("release %d is deployed, and %s", number, verdict.text), verdict.hint}
	}
	if _, left := errors.AsType[*hintedError](err); left { // it is good, and the player is not gone
		return err
	}
	_, hint := s.explain(ctx, err)
	return &verdictError{notSure, fmt.Sprintf("release %d is deployed, and the test could not be run: %s", number, s.text(err)), hint}
}

// stays says that a release that failed is live all the same.
func (s *session) stays(failure error, e *deploy.StaysError) error {
	hint := s.command("releases") + " lists what there is; " + s.command("logs --errors --since 10m") + " shows what the functions say"
	if guard, ok := errors.AsType[*deploy.GuardError](e); ok {
		hint = fmt.Sprintf("%s --allow-replace %s goes back all the same", s.command("rollback"), strings.Join(guard.LogicalIDs(), " --allow-replace "))
	}
	return &verdictError{notWell, s.text(failure) + "; " + s.text(e) + "; nothing was changed", hint}
}

// takenBack says that a release was taken back, and whether that has helped.
func (s *session) takenBack(ctx context.Context, number int, back deploy.TakenBack, failure error) error {
	for _, r := range back.PassedOver {
		s.warnOfDoubts([]string{r.Usable().Error()})
	}
	s.say("%s release %d as release %d in %s", ui.Success("Went back to"), back.Origin, back.Number, ui.Elapsed(back.Took))
	since := "where a save travels again"
	view, err := s.smokeTest(ctx, back.Stack)
	switch {
	case view == nil || view.Verdict == smokeUnrun:
		since = "which could not be tried: " + s.text(err)
	case view.Verdict == smokeFailed:
		since = "which fails as well, so that something else is at fault: " + s.text(err)
	}
	return &stackError{
		fmt.Sprintf("release %d was taken back, since %s; release %d is live again, %s", number, s.text(failure), back.Origin, since),
		s.command("logs --errors --since 15m") + " shows what the functions said",
	}
}
