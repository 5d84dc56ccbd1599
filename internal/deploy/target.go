package deploy

import (
	"context"
	"fmt"
	"io"
	"maps"
	"strconv"
	"strings"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/lambda"
)

// Target is what a stage is to become: this program's own backend, or that of an
// earlier release.
type Target struct {
	Template    string
	TemplateKey string            // in the artefact bucket
	Code        map[string]string // function's name to the key of its zip
	Parameters  map[string]string // all but the release's number and the stack's history
	Bodies      map[string]Body   // what this program can upload, by key
	RoleARN     string            // that CloudFormation is to work as, "" to leave that

	supplied bool // the artefact bucket has what it needs
}

// Body is what can be uploaded, read only when it is.
type Body struct {
	SHA256 string // in hex, which its key ends with
	Size   int64
	Open   func() io.ReadSeeker
}

func zipBody(code lambda.Code) Body { return Body{code.SHA256, code.Bytes, code.Zip} }

// Embedded is the target that this program carries, with the settings that the
// stack has and those that are given. Zip returns a function's zip.
func Embedded(s *stage.State, arch lambda.Arch, settings map[string]string, roleARN string, zip func(lambda.Function, lambda.Arch) (lambda.Code, error)) (*Target, error) {
	t := newTarget(cfn.Template())
	t.RoleARN = roleARN
	for _, setting := range cfn.Settings() {
		if value, ok := s.Stack.Parameters[setting.Name]; ok {
			t.Parameters[setting.Name] = value
		}
	}
	maps.Copy(t.Parameters, settings)
	for _, f := range stage.Functions() {
		code, err := zip(f.Function, arch)
		if err != nil {
			return nil, err
		}
		key := stage.CodeKey(code)
		t.Code[f.Name], t.Parameters[f.CodeParameter], t.Bodies[key] = key, key, zipBody(code)
		t.Parameters[f.PinParameter] = "" // until it is uploaded
		if s.CodeKey(f.Name) == key {
			t.Parameters[f.PinParameter] = s.Stack.Parameters[f.PinParameter]
		}
	}
	keepDomain(t, s)
	t.Parameters[cfn.ParamStage] = string(s.Name)
	t.Parameters[cfn.ParamArchitecture] = string(arch)
	t.Parameters[cfn.ParamArtifactsBucket] = s.Store.Bucket
	return t, nil
}

func newTarget(template string) *Target {
	sum := cfn.SHA256(template)
	t := &Target{Template: template, TemplateKey: release.TemplateKey(sum), Code: map[string]string{}, Parameters: map[string]string{}}
	t.Bodies = map[string]Body{t.TemplateKey: {sum, int64(len(template)), func() io.ReadSeeker { return strings.NewReader(template) }}}
	return t
}

// Deployed is the target that the stage is already, as its stack says.
func Deployed(s *stage.State) *Target {
	t := newTarget(s.Template)
	maps.Copy(t.Parameters, s.Stack.Parameters)
	delete(t.Parameters, cfn.ParamRelease)
	delete(t.Parameters, cfn.ParamHistory)
	for _, f := range stage.Functions() {
		t.Code[f.Name] = s.CodeKey(f.Name)
	}
	return t
}

// keepDomain lets the user pool's domain end as it does. Only one that is still to
// be made ends as those of new stages.
func keepDomain(t *Target, s *stage.State) {
	if suffix, told := s.Stack.Parameters[cfn.ParamDomainSuffix]; told {
		t.Parameters[cfn.ParamDomainSuffix] = suffix
	} else if !cfn.HasResource(s.Template, cfn.UserPoolDomain) {
		t.Parameters[cfn.ParamDomainSuffix] = cfn.LongDomain
	}
}

// Released is the target that an earlier release was. What it needs must still
// be there, and be what it was: the error is a *[release.ForgedError] where not.
func Released(ctx context.Context, in *stage.Inspected, r release.Release) (*Target, error) {
	template, err := in.Store.Template(ctx, r.Template)
	if err != nil {
		return nil, fmt.Errorf("release %d cannot be used: %w", r.Number, err)
	}
	t := &Target{Template: template, TemplateKey: r.Template, Code: map[string]string{}, Parameters: maps.Clone(r.Parameters)}
	for _, f := range stage.Functions() {
		key, pin := t.Parameters[f.CodeParameter], t.Parameters[f.PinParameter]
		if !in.Contents.Has(key) {
			return nil, fmt.Errorf("release %d cannot be used: its artefact %s is no longer in the bucket %s", r.Number, key, in.Store.Bucket)
		}
		version, err := held(ctx, in.Store, key, pin)
		if err != nil {
			return nil, fmt.Errorf("release %d cannot be used: %w", r.Number, err)
		}
		t.Code[f.Name] = key
		if _, pins := t.Parameters[f.PinParameter]; pins { // an earlier program's template has no such parameter
			t.Parameters[f.PinParameter] = version
		}
	}
	return t, nil
}

// held finds a zip in the artefact bucket: in the version that is known, or else
// in the newest. The error is a *[release.ForgedError] if neither is what its key
// says.
func held(ctx context.Context, store *release.Store, key, known string) (version string, err error) {
	sum := stage.CodeHash(key)
	if known != "" {
		version, err = store.Held(ctx, key, known, sum)
	}
	if err == nil && version == "" {
		version, err = store.Held(ctx, key, "", sum)
	}
	if err == nil && version == "" {
		err = &release.ForgedError{Bucket: store.Bucket, Key: key}
	}
	return version, err
}

// IsLive tells whether the stack already is the target, as far as can be told
// without asking CloudFormation: settings that only the stack names may or may
// not be the template's defaults.
func (t *Target) IsLive(s *stage.State) bool {
	have := maps.Clone(s.Stack.Parameters)
	delete(have, cfn.ParamRelease)
	delete(have, cfn.ParamHistory)
	return s.Stack.Status.Updatable() && len(s.Missing()) == 0 && s.Template == t.Template &&
		maps.Equal(have, t.Parameters) && (t.RoleARN == "" || t.RoleARN == s.Stack.RoleARN)
}

// CodeSize is the size of the zip with a hash, 0 if this program does not have it.
func (t *Target) CodeSize(hash string) int64 {
	for key, body := range t.Bodies {
		if stage.CodeHash(key) == hash {
			return body.Size
		}
	}
	return 0
}

// request asks for the target as the release of a record, which the stack then proves.
func (t *Target) request(c *stage.Compared, r release.Record) stack.Request {
	s := c.State
	parameters := maps.Clone(t.Parameters)
	parameters[cfn.ParamRelease] = strconv.Itoa(r.Number)
	if cfn.HasParameter(t.Template, cfn.ParamHistory) { // an earlier program's template has none
		history := s.History()
		if len(history) == 0 && c.Record != nil {
			history = history.With(c.Record.Record)
		}
		parameters[cfn.ParamHistory] = history.With(r).String()
	}
	return stack.Request{
		Name: s.Name.Stack(), Template: t.Template, Parameters: parameters,
		Tags:        tags(s),
		Description: "renpyctl " + r.Version, RoleARN: t.RoleARN,
	}
}

// tags are the stack's tags after a change: those it has, whoever gave them, and
// ours. A change set replaces all of them, but for CloudFormation's own, which
// nobody else may give (API reference, Tag).
func tags(s *stage.State) map[string]string {
	all := maps.Clone(s.Stack.Tags)
	maps.DeleteFunc(all, func(key, _ string) bool { return strings.HasPrefix(key, "aws:") })
	if all == nil {
		all = map[string]string{}
	}
	all[stage.Tag] = string(s.Name)
	return all
}
