package stage

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/functions"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/lambda"
)

// Compared is the state of a stage with what it should be. Of a stack that cannot
// be updated neither is known.
type Compared struct {
	*State
	Record *release.Release // of the live release; nil where none can be read
	Drift  []Drifted        // what somebody has changed past CloudFormation, the stack itself last
}

// Drifted is a part of the stage that is not what the stack says: a function, or
// another one, of which only the name and the differences are known.
type Drifted struct {
	Running     // Name is a function's short name, another part's logical id, or [TheStack]
	want        functions.Function
	deleted     bool
	Differences []functions.Difference `json:"differences"`
}

// Want is what the function should be.
func (d Drifted) Want() functions.Function { return d.want }

// Deleted says that the part is not there any more. What differs is then named by
// the kind of thing that it was.
func (d Drifted) Deleted() bool { return d.deleted }

// LogicalID is the part's name in the template.
func (d Drifted) LogicalID() string {
	if f, ok := FunctionNamed(d.Name); ok {
		return f.LogicalID
	}
	return d.Name
}

// Parts tells what of a function differs: its code, its settings or both.
func (d Drifted) Parts() (code, settings bool) {
	for _, diff := range d.Differences {
		switch diff.Setting {
		case "codeSha256", "architecture":
			code = true
		default:
			settings = true
		}
	}
	return code, settings
}

// Compare compares what the functions run with what the stack says: their code
// by the stack's parameters, which name it by its hash, and their settings by the
// record that the live release left. Without a record the settings are not known.
// Of the other parts it looks whether they are there and protected.
func (s *State) Compare(ctx context.Context) (*Compared, error) {
	if !s.Stack.Status.Updatable() {
		return &Compared{State: s}, nil
	}
	c := &Compared{State: s}
	var parts []Drifted
	if err := cloud.Together(ctx, cloud.Into(&c.Record, s.record), cloud.Into(&parts, s.parts)); err != nil {
		return nil, err
	}
	c.Drift = append(c.functions(), parts...)
	return c, nil
}

// functions compares the functions.
func (c *Compared) functions() []Drifted {
	var list []Drifted
	recorded := map[string]functions.Function{}
	for _, f := range c.Ran() {
		recorded[f.Name] = f.Function
	}
	for _, have := range c.Live {
		want, known := recorded[have.Name]
		if !known {
			want = have.Function
		}
		want.CodeSha256 = lambda.CodeSha256(CodeHash(c.CodeKey(have.Name)))
		if d := functions.Compare(want, have.Function); len(d) > 0 {
			list = append(list, Drifted{Running: have, want: want, Differences: d})
		}
	}
	for _, name := range c.Missing() {
		f, _ := FunctionNamed(name)
		gone := lost(f.LogicalID)
		gone[0].Name = name
		list = append(list, gone...)
	}
	return list
}

// Lost are the parts that somebody has deleted.
func (c *Compared) Lost() []Drifted {
	return slices.DeleteFunc(slices.Clone(c.Drift), func(d Drifted) bool { return !d.deleted })
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

// Ran is what the functions ran right after the live release, as its record tells.
func (c *Compared) Ran() []Running {
	var then []Running
	if c.Record == nil || len(c.Record.Outcome.Functions) == 0 || json.Unmarshal(c.Record.Outcome.Functions, &then) != nil {
		return nil
	}
	return then
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

// NextAfter is the number of the release after those in the artefact bucket. A
// stack whose artefact bucket was deleted has lost its records, not its number.
func (s *State) NextAfter(c release.Contents) int { return max(c.Next(), s.Release()+1) }

// Get returns a release; one whose record cannot be read is returned as damaged.
func (in *Inspected) Get(ctx context.Context, number int) (release.Release, error) {
	r, err := in.Store.Get(ctx, number)
	if errors.Is(err, release.ErrDamaged) {
		err = nil
	}
	return told(in.Stack, r), err
}
