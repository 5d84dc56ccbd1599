package stage

import (
	"context"
	"errors"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/functions"
	"github.com/renpy-cloud/renpyctl/internal/release"
)

// Compared is the state of a stage with what its functions should be. Of a stack
// that cannot be updated neither is known.
type Compared struct {
	*State
	Record *release.Release // of the live release; nil where none can be read
	Drift  []Drifted        // functions that somebody has changed past CloudFormation

	refs map[string]string // what the names in the stack's template stand for
}

// Drifted is a function that does not run what the stack says.
type Drifted struct {
	Running
	want        functions.Function
	Differences []functions.Difference `json:"differences"`
}

// Want is what the function should be.
func (d Drifted) Want() functions.Function { return d.want }

// DeletedFunction is the setting that differs of a function that was deleted.
const DeletedFunction = "function"

// Parts tells what of a function differs: its code, its settings or both.
func (d Drifted) Parts() (code, settings bool) {
	for _, diff := range d.Differences {
		switch diff.Setting {
		case "codeSha256", "architecture":
			code = true
		case DeletedFunction:
		default:
			settings = true
		}
	}
	return code, settings
}

// Compare compares what the functions run with what the stack says: their code
// by its parameters, which name it by its hash, and their settings by its template.
func (s *State) Compare(ctx context.Context) (*Compared, error) {
	if !s.Stack.Status.Updatable() {
		return &Compared{State: s}, nil
	}
	c := &Compared{State: s}
	err := cloud.Together(ctx, cloud.Into(&c.Record, s.record), cloud.Into(&c.refs, s.references))
	if err != nil {
		return nil, err
	}
	c.compare()
	return c, nil
}

func (c *Compared) compare() {
	s := c.State
	for _, have := range s.Live {
		f, _ := FunctionNamed(have.Name)
		want := want(s.Stack, s.Template, c.refs, f, have.Function)
		if d := functions.Compare(want, have.Function); len(d) > 0 {
			c.Drift = append(c.Drift, Drifted{have, want, d})
		}
	}
	for _, name := range s.Missing() {
		gone := functions.Difference{Setting: DeletedFunction, Want: "there"}
		c.Drift = append(c.Drift, Drifted{Running: Running{Name: name}, Differences: []functions.Difference{gone}})
	}
}

// Reread reads again what runs, of an updatable stack, and compares that.
func (c *Compared) Reread(ctx context.Context) (*Compared, error) {
	live, err := c.Running(ctx)
	if err != nil {
		return nil, err
	}
	now := *c.State
	now.Live = live
	again := &Compared{State: &now, Record: c.Record, refs: c.refs}
	again.compare()
	return again, nil
}

// record reads the record of the live release, nil where none can be read.
func (s *State) record(ctx context.Context) (*release.Release, error) {
	r, err := s.Store.Get(ctx, s.Release())
	if errors.Is(err, release.ErrNoRelease) || errors.Is(err, release.ErrDamaged) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &r, nil
}

// Source is the number of the deploy that is live, itself or gone back to.
func (c *Compared) Source() int {
	if c.Record == nil {
		return c.Release()
	}
	return c.Record.Source()
}

// Inspected is all that a change of the stack has to know.
type Inspected struct {
	*Compared
	Contents release.Contents // of the artefact bucket
}

// Inspect looks what the artefact bucket holds, and compares what the functions run.
func (s *State) Inspect(ctx context.Context) (*Inspected, error) {
	in := &Inspected{}
	err := cloud.Together(ctx, cloud.Into(&in.Contents, s.Store.Contents), cloud.Into(&in.Compared, s.Compare))
	if err != nil {
		return nil, err
	}
	return in, nil
}

// Next is the number of the next release.
func (in *Inspected) Next() int { return in.NextAfter(in.Contents) }

// NextAfter is the number of the next release, with that in the artefact bucket. A
// stack whose artefact bucket was deleted has lost its records, not its number.
func (s *State) NextAfter(c release.Contents) int { return c.After(s.Release()) }

// Get returns a release; one whose record cannot be read is returned as damaged.
func (in *Inspected) Get(ctx context.Context, number int) (release.Release, error) {
	r, err := in.Store.Get(ctx, number)
	if errors.Is(err, release.ErrDamaged) {
		err = nil
	}
	return told(in.Stack, r), err
}
