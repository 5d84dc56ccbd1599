package stage

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/stack"
)

// Found is a stage of an account and region.
type Found struct {
	Name  Name
	Stack stack.Stack // zero if it could not be read
	Err   error       // why; a *[ForeignStackError] says that the stack has lost its [Tag]
}

// answerWithin is how long one stack may take to be read, and all to be listed.
const answerWithin = 15 * time.Second

// readAtOnce is how many stacks are read at a time.
const readAtOnce = 8

// Names lists what the stages of an account and region are called, in one call and
// by the names of their stacks alone. So it is quick, and one may be another's.
func Names(ctx context.Context, cfg aws.Config) ([]Name, error) {
	stacks, err := At(cfg, "").Stacks.Names(ctx, stackPrefix)
	var names []Name
	for _, s := range stacks {
		if name := Name(strings.TrimPrefix(s, stackPrefix)); name.Valid() {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, err
}

// All finds the stages of an account and region, by name. Stacks that others have
// named like ours are none, and neither are the shells of plans. One that cannot be
// read says so and hides no other. An error is beside the stages that were found
// before it.
func All(ctx context.Context, cfg aws.Config) ([]Found, error) {
	names, listed := cloud.Within(ctx, answerWithin, func(ctx context.Context) ([]string, error) { return At(cfg, "").Stacks.Names(ctx, stackPrefix) })
	slices.Sort(names)
	found := make([]Found, len(names))
	slots := make(chan struct{}, readAtOnce)
	var group sync.WaitGroup
	for i, name := range names {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			at := At(cfg, Name(strings.TrimPrefix(name, stackPrefix)))
			found[i].Name = at.Name
			found[i].Stack, found[i].Err = cloud.Within(ctx, answerWithin, at.Known)
		})
	}
	group.Wait()
	return slices.DeleteFunc(found, func(f Found) bool { return !f.ours() }), listed
}

// ours tells whether a stack of such a name is a stage, or may be one that could not
// be read.
func (f Found) ours() bool {
	_, none := errors.AsType[*NoStageError](f.Err)
	foreign, isForeign := errors.AsType[*ForeignStackError](f.Err)
	return f.Name.Valid() && !none && (!isForeign || foreign.Lost)
}
