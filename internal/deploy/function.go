package deploy

import (
	"context"
	"errors"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/functions"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/lambda"
)

// RunsCode returns the function that a zip is for, if it runs exactly that zip.
func RunsCode(s *stage.State, code lambda.Code) (stage.Running, bool) {
	for _, live := range s.Live {
		if live.Name == code.Function.Name && live.CodeSha256 == lambda.CodeSha256(code.SHA256) {
			return live, true
		}
	}
	return stage.Running{}, false
}

// Replaced is a function that was given other code.
type Replaced struct {
	Function stage.Running
	Number   int // of the release
	Took     time.Duration
}

// ReplaceCode gives one function other code, past CloudFormation: it uploads the
// code, writes the release's record, and returns when the function runs it. As of
// a plan, the outcome of a release that was only left stays open.
func ReplaceCode(ctx context.Context, s *stage.State, code lambda.Code, r release.Record, o Observer) (Replaced, error) {
	start := time.Now()
	key := stage.CodeKey(code)
	contents, err := s.Store.Contents(ctx)
	if err != nil {
		return Replaced{}, err
	}
	t := &Target{Code: map[string]string{code.Function.Name: key}, Bodies: map[string]Body{key: zipBody(code)}}
	versions, err := upload(ctx, s.Store, contents, false, t.Bodies, o)
	if err != nil {
		return Replaced{}, err
	}
	r.Kind = release.FunctionOnly
	r = newRecord(r, s.NextAfter(contents), s, s.Stack.ID, t)
	if err := s.Store.Begin(ctx, r); err != nil {
		return Replaced{}, err
	}
	src := functions.Source{
		Bucket: s.Store.Bucket, Key: key, Version: versions[key],
		CodeSha256: lambda.CodeSha256(code.SHA256), Architecture: string(code.Arch),
	}
	live, err := functions.UpdateCode(ctx, s.Lambda(), s.Name.Function(code.Function), src)
	if errors.Is(err, functions.ErrNotUpdated) {
		finish(ctx, s.Store, r.Number, release.Outcome{Result: release.Failed, Reason: cloud.OneLine(cloud.Text(err))}, o)
	}
	if err != nil {
		return Replaced{}, err
	}
	f := stage.Running{Name: code.Function.Name, Function: live}
	if err := recordSuccess(ctx, s.Store, r.Number, []stage.Running{f}, o); err != nil {
		return Replaced{}, err
	}
	return Replaced{f, r.Number, time.Since(start)}, nil
}
