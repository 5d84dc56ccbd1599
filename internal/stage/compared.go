package stage

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/functions"
	"github.com/renpy-cloud/renpyctl/internal/release"
)

// Compared is the state of a stage with what it should be. Of a stack that cannot
// be updated neither is known.
type Compared struct {
	*State
	Record *release.Release // of the live release; nil where there is none that the stack proves
	Doubts []string         // why there is none, if there is a record
	Drift  []Drifted        // what somebody has changed past CloudFormation, the stack itself last

	refs map[string]string // what the names in the stack's template stand for
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
// by its parameters, which name it by its hash, and their settings by its template.
// Of the other parts it looks whether they are there and protected.
func (s *State) Compare(ctx context.Context) (*Compared, error) {
	if !s.Stack.Status.Updatable() {
		return &Compared{State: s}, nil
	}
	c := &Compared{State: s}
	var parts []Drifted
	err := cloud.Together(ctx, c.readRecord, cloud.Into(&c.refs, s.references), cloud.Into(&parts, s.parts))
	if err != nil {
		return nil, err
	}
	c.Drift = append(c.functions(), parts...)
	return c, nil
}

// functions compares the functions.
func (c *Compared) functions() []Drifted {
	var list []Drifted
	for _, have := range c.Live {
		f, _ := FunctionNamed(have.Name)
		want := want(c.Stack, c.Template, c.refs, f, have.Function)
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

// readRecord reads the record of the live release, if the stack proves it.
func (c *Compared) readRecord(ctx context.Context) error {
	r, err := c.Store.Get(ctx, c.Release())
	switch {
	case errors.Is(err, release.ErrNoRelease):
		return nil
	case errors.Is(err, release.ErrDamaged):
		c.Doubts = append(c.Doubts, err.Error())
		return nil
	case err != nil:
		return err
	}
	if r.Proven = c.proves(r.Record); !r.Proven {
		c.Doubts = append(c.Doubts, fmt.Sprintf("the record of release %d in the artefact bucket is not of what the stack is", r.Number))
		return nil
	}
	c.Record = &r
	return nil
}

// proves tells whether the stack has been what a record says. One that an earlier
// program deployed has no history, and proves only what it is.
func (s *State) proves(r release.Record) bool {
	if h := s.History(); len(h) > 0 {
		return h.Proves(r)
	}
	return s.isOf(r)
}

// isOf tells whether the stack is what a record of the live release says: all of
// it, since a setting that the record leaves out would be the template's default
// when it is gone back to.
func (s *State) isOf(r release.Record) bool {
	if r.Number != s.Release() || s.Template == "" || r.Template != release.TemplateKey(cfn.SHA256(s.Template)) ||
		r.Kind == release.FunctionOnly || r.Origin < 0 || r.Origin >= r.Number {
		return false
	}
	said := map[string]string{cfn.ParamRelease: strconv.Itoa(r.Number), cfn.ParamHistory: ""}
	for _, setting := range cfn.Settings() {
		said[setting.Name] = setting.Default
	}
	maps.Copy(said, r.Parameters)
	for name, value := range s.Stack.Parameters {
		if is, there := said[name]; !there || is != value {
			return false
		}
	}
	return true
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
	r = told(in.Stack, r)
	r.Proven = r.Damaged == "" && in.proves(r.Record)
	return r, err
}
