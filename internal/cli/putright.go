package cli

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/renpy-cloud/renpyctl/internal/functions"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// restore puts right functions that were changed past CloudFormation, which
// sees no reason to touch them, after asking.
func (s *session) restore(ctx context.Context, sit *situation, t *target) error {
	if err := checkMissing(sit.Missing()); err != nil {
		return err
	}
	s.say("\nThe stack is up to date, but somebody has changed the functions:")
	s.say("%s", strings.TrimSuffix(driftText(sit.drift), "\n"))
	if err := s.ask(ctx, sit, "Put them right?"); err != nil {
		return err
	}
	var err error
	if sit.contents, err = sit.Store.Contents(ctx); err != nil {
		return err
	}
	if _, _, err := t.upload(ctx, sit); err != nil { // the artefact bucket may have been deleted
		return err
	}
	if err := s.putRight(ctx, sit, nil); err != nil {
		return err
	}
	sit.Live, err = s.at.Running(ctx)
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
	for _, d := range sit.drift {
		code, settings := d.Parts()
		key := sit.CodeKey(d.Name)
		code = code && cmp.Or(next[d.Name], key) == key
		if code {
			src := functions.Source{Bucket: sit.Store.Bucket, Key: key, CodeSha256: d.Want().CodeSha256, Architecture: d.Want().Architecture}
			if _, err := functions.UpdateCode(ctx, s.at.Lambda(), d.FunctionName, src); err != nil {
				return err
			}
		}
		if settings {
			if err := functions.UpdateSettings(ctx, s.at.Lambda(), d.Want()); err != nil {
				return err
			}
		}
		if code || settings {
			s.say("  %s %s  put right", ui.Success("✓"), ui.Accent(d.Name))
		}
	}
	return nil
}
