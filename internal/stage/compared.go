package stage

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"strconv"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/functions"
	"github.com/renpy-cloud/renpyctl/internal/release"
)

// Compared is the state of a stage with what its functions should be. Of a stack
// that cannot be updated neither is known.
type Compared struct {
	*State
	Record *release.Release // of the live release; nil where there is none that the stack proves
	Doubts []string         // why there is none, if there is a record
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
	err := cloud.Together(ctx, c.readRecord, cloud.Into(&c.refs, s.references))
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
	again := &Compared{State: &now, Record: c.Record, Doubts: c.Doubts, refs: c.refs}
	again.compare()
	return again, nil
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
	if r.Number != s.Release() || s.Template == "" || r.Template != templateKey(s.Template) ||
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

func templateKey(template string) string {
	return release.TemplateKey(fmt.Sprintf("%x", sha256.Sum256([]byte(template))))
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
