package deploy

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stage"
)

// makeUp writes down that the live release has succeeded, where the run that
// deployed it was cut off before it could.
func makeUp(ctx context.Context, c *stage.Compared, o Observer) error {
	if c.Record == nil || c.Record.Outcome.Result != release.Unknown {
		return nil
	}
	return recordSuccess(ctx, c.Store, c.Record.Number, c.Ran(), c.Live, o)
}

// recordSuccess writes down what runs after a success. What a function ran
// before that is missing now is kept: it tells how the function comes back.
func recordSuccess(ctx context.Context, store *release.Store, number int, before, live []stage.Running, o Observer) error {
	for _, f := range before {
		if !slices.ContainsFunc(live, func(l stage.Running) bool { return l.Name == f.Name }) {
			live = append(live, f)
		}
	}
	body, err := json.Marshal(live)
	if err != nil {
		return err
	}
	finish(ctx, store, number, release.Outcome{Result: release.Succeeded, Functions: body}, o)
	return nil
}

// finish writes down how a release went. A failure to do so is no failure of the
// release: it is told, and the stack itself tells what is live.
func finish(ctx context.Context, store *release.Store, number int, outcome release.Outcome, o Observer) {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	outcome.Time = time.Now().UTC()
	if err := store.Finish(ctx, number, outcome); err != nil {
		o.NotRecorded(number, err)
	}
}
