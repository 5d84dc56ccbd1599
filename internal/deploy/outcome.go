package deploy

import (
	"context"
	"encoding/json"
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
	return recordSuccess(ctx, c.Store, c.Record.Number, c.Live, o)
}

// recordSuccess writes down what runs after a success.
func recordSuccess(ctx context.Context, store *release.Store, number int, live []stage.Running, o Observer) error {
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
