package deploy

import (
	"context"
	"crypto/sha256"
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
	Parameters  map[string]string // all but the release number
	Bodies      map[string]Body   // what this program can upload, by key
	RoleARN     string            // that CloudFormation is to work as, "" to leave that
}

// Body is what can be uploaded, read only when it is.
type Body struct {
	Size int64
	Open func() io.ReadSeeker
}

func zipBody(code lambda.Code) Body { return Body{code.Bytes, code.Zip} }

// Embedded is the target that this program carries, with the settings that the
// stack has and those that are given. Zip returns a function's zip.
func Embedded(s *stage.State, arch lambda.Arch, settings map[string]string, roleARN string, zip func(lambda.Function, lambda.Arch) (lambda.Code, error)) (*Target, error) {
	t := newTarget(cfn.Template(), cfn.TemplateSHA256())
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
	}
	keepDomain(t, s)
	t.Parameters[cfn.ParamStage] = string(s.Name)
	t.Parameters[cfn.ParamArchitecture] = string(arch)
	t.Parameters[cfn.ParamArtifactsBucket] = s.Store.Bucket
	return t, nil
}

func newTarget(template, sha256 string) *Target {
	t := &Target{Template: template, TemplateKey: "template/" + sha256 + ".yaml", Code: map[string]string{}, Parameters: map[string]string{}}
	t.Bodies = map[string]Body{t.TemplateKey: {int64(len(template)), func() io.ReadSeeker { return strings.NewReader(template) }}}
	return t
}

// Deployed is the target that the stage is already, as its stack says.
func Deployed(s *stage.State) *Target {
	t := newTarget(s.Template, fmt.Sprintf("%x", sha256.Sum256([]byte(s.Template))))
	maps.Copy(t.Parameters, s.Stack.Parameters)
	delete(t.Parameters, cfn.ParamRelease)
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
	} else if !strings.Contains(s.Template, cfn.UserPoolDomain+":") {
		t.Parameters[cfn.ParamDomainSuffix] = cfn.LongDomain
	}
}

// Released is the target that an earlier release was. What it needs must still be there.
func Released(ctx context.Context, in *stage.Inspected, r release.Release) (*Target, error) {
	for _, key := range r.Code {
		if !in.Contents.Has(key) {
			return nil, fmt.Errorf("release %d cannot be used: its artefact %s is no longer in the bucket %s", r.Number, key, in.Store.Bucket)
		}
	}
	template, err := in.Store.Object(ctx, r.Template)
	if err != nil {
		return nil, fmt.Errorf("release %d cannot be used: %w", r.Number, err)
	}
	return &Target{Template: string(template), TemplateKey: r.Template, Code: r.Code, Parameters: maps.Clone(r.Parameters)}, nil
}

// IsLive tells whether the stack already is the target, as far as can be told
// without asking CloudFormation: settings that only the stack names may or may
// not be the template's defaults.
func (t *Target) IsLive(s *stage.State) bool {
	have := maps.Clone(s.Stack.Parameters)
	delete(have, cfn.ParamRelease)
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

// request asks for the target as a release of that number.
func (t *Target) request(s *stage.State, number int, version string) stack.Request {
	parameters := maps.Clone(t.Parameters)
	parameters[cfn.ParamRelease] = strconv.Itoa(number)
	return stack.Request{
		Name: s.Name.Stack(), Template: t.Template, Parameters: parameters,
		Tags:        tags(s),
		Description: "renpyctl " + version, RoleARN: t.RoleARN,
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
