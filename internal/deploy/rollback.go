package deploy

import (
	"context"
	"maps"
	"slices"

	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stage"
)

// Return is an earlier release that the stage goes back to.
type Return struct {
	Release release.Release
	To      *Target
	Origin  int  // what it is: the release itself, or the one that it went back to
	Live    bool // the live release is the same, but for its number
	// PassedOver are newer ones that say that they have succeeded, and prove it by nothing.
	PassedOver []release.Release
}

// Choose finds the release to go back to: the one of the number that is wanted,
// or, for 0, the newest usable one before the live one. What was passed over is
// told beside an error too.
func Choose(ctx context.Context, in *stage.Inspected, wanted int) (Return, error) {
	numbers := in.Contents.Numbers()
	var passedOver []release.Release
	r, err := release.Pick(numbers, in.Source(), wanted, func(n int) (release.Release, error) {
		r, err := in.Get(ctx, n)
		if err == nil && wanted == 0 && r.Doubtful() {
			passedOver = append(passedOver, r)
		}
		return r, err
	})
	if err != nil {
		return Return{PassedOver: passedOver}, err
	}
	to, err := Released(ctx, in, r)
	if err != nil {
		return Return{}, err
	}
	// A rollback is what it went back to, as long as that is remembered.
	origin := r.Number
	if r.Origin != 0 && slices.Contains(numbers, r.Origin) {
		origin = r.Origin
	}
	return Return{r, to, origin, sameAsLive(in.Compared, r), passedOver}, nil
}

// sameAsLive tells whether a release is the same as the live one, but for its number.
func sameAsLive(c *stage.Compared, r release.Release) bool {
	live := c.Record
	return live != nil && c.Stack.Status.Updatable() && len(c.Lost()) == 0 &&
		live.Template == r.Template && maps.Equal(live.Code, r.Code) && maps.Equal(live.Parameters, r.Parameters)
}
