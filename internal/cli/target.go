package cli

import (
	"context"
	"fmt"
	"maps"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/local"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/lambda"
)

// target is what a stage is to become: this program's own backend, or that of an
// earlier release.
type target struct {
	template    string
	templateKey string
	code        map[string]string // function's name to the key of its zip
	parameters  map[string]string // all but the release number
	bodies      map[string][]byte // what this program can upload, by key
	roleARN     string            // that CloudFormation is to work as, "" to leave that
}

// embedded is the target that this program carries, with the settings that the
// stack has and those that are given.
func (s *session) embedded(sit *situation, settings map[string]string, o deployOptions) (*target, error) {
	chosen, err := s.chooseArch(o.arch, sit.Stack)
	if err != nil {
		return nil, err
	}
	t := &target{
		template: cfn.Template(), templateKey: "template/" + cfn.TemplateSHA256() + ".yaml",
		code: map[string]string{}, parameters: map[string]string{}, bodies: map[string][]byte{}, roleARN: o.roleARN,
	}
	t.bodies[t.templateKey] = []byte(t.template)
	for _, f := range stage.Functions() {
		code, err := s.code(f.Function, chosen)
		if err != nil {
			return nil, err
		}
		key := stage.CodeKey(code)
		t.code[f.Name], t.bodies[key] = key, code.Zip
	}
	for _, setting := range cfn.Settings() {
		if value, ok := sit.Stack.Parameters[setting.Name]; ok {
			t.parameters[setting.Name] = value
		}
	}
	maps.Copy(t.parameters, settings)
	for _, f := range stage.Functions() {
		t.parameters[f.CodeParameter] = t.code[f.Name]
	}
	t.parameters[cfn.ParamStage] = s.flags.stage
	t.parameters[cfn.ParamArchitecture] = string(chosen)
	t.parameters[cfn.ParamArtifactsBucket] = sit.Store.Bucket
	return t, nil
}

// released is the target that an earlier release was. What it needs must still be there.
func (s *session) released(ctx context.Context, sit *situation, r release.Release) (*target, error) {
	for _, key := range r.Code {
		if !sit.contents.Has(key) {
			return nil, fmt.Errorf("release %d cannot be used: its artefact %s is no longer in the bucket %s", r.Number, key, sit.Store.Bucket)
		}
	}
	template, err := sit.Store.Object(ctx, r.Template)
	if err != nil {
		return nil, fmt.Errorf("release %d cannot be used: %w", r.Number, err)
	}
	return &target{template: string(template), templateKey: r.Template, code: r.Code, parameters: maps.Clone(r.Parameters)}, nil
}

// checkAllowed refuses names after --allow-replace that nothing guards.
func (o deployOptions) checkAllowed() error {
	var guarded []string
	for _, r := range cfn.Stateful() {
		guarded = append(guarded, r.LogicalID)
	}
	for _, id := range o.allowReplace {
		if !slices.Contains(guarded, id) {
			return usagef("--allow-replace %s: nothing guards that; there are %s", id, strings.Join(guarded, ", "))
		}
	}
	return nil
}

var wholeNumber = regexp.MustCompile(`^[0-9]+$`)

// parse reads the flags that say what is deployed: the settings, by name.
func (o deployOptions) parse() (map[string]string, error) {
	if err := checkRole(o.roleARN); err != nil {
		return nil, err
	}
	if err := o.checkAllowed(); err != nil {
		return nil, err
	}
	settings := map[string]string{}
	for _, pair := range o.settings {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, usagef("--set %q is not NAME=VALUE", pair)
		}
		i := slices.IndexFunc(cfn.Settings(), func(s cfn.Setting) bool { return s.Name == name })
		if i < 0 {
			return nil, usagef("--set %s: there is no such setting; renpyctl deploy --help lists them", name)
		}
		// CloudFormation takes 1e3 for a number as well, which the functions do not.
		if cfn.Settings()[i].Number() && !wholeNumber.MatchString(value) {
			return nil, usagef("--set %s=%s: this setting is a whole number", name, value)
		}
		settings[name] = value
	}
	return settings, nil
}

// chooseArch is the architecture that is asked for or else what runs already,
// what this computer can run for the local cloud, and else the cheaper one.
func (s *session) chooseArch(asked string, current stack.Stack) (lambda.Arch, error) {
	switch {
	case asked != "" && !slices.Contains(lambda.Arches(), lambda.Arch(asked)):
		return "", usagef("--arch %q is neither arm64 nor x86_64", asked)
	case asked != "":
		return lambda.Arch(asked), nil
	case s.local != nil && runtime.GOARCH == "arm64":
		return lambda.ARM64, nil
	case s.local != nil:
		return lambda.X8664, nil
	case current.Parameters[cfn.ParamArchitecture] != "":
		return lambda.Arch(current.Parameters[cfn.ParamArchitecture]), nil
	}
	return lambda.ARM64, nil
}

// code returns a function's zip. The local cloud starts it as a process of this
// computer: where that cannot run Linux programs, the zip hands over to this one.
func (s *session) code(f lambda.Function, arch lambda.Arch) (lambda.Code, error) {
	if s.local == nil || runtime.GOOS == "linux" {
		return lambda.Zip(f, arch)
	}
	self, err := os.Executable()
	if err != nil {
		return lambda.Code{}, err
	}
	built, err := os.Stat(self)
	if err != nil {
		return lambda.Code{}, err
	}
	zip, err := local.HandoverZip(self, f.Command, built.ModTime().UTC().Format(time.RFC3339Nano))
	return lambda.NewCode(f, arch, zip), err
}

// is tells whether the stack already is the target, as far as can be told
// without asking CloudFormation: settings that only the stack names may or may
// not be the template's defaults.
func (sit *situation) is(t *target) bool {
	have := maps.Clone(sit.Stack.Parameters)
	delete(have, cfn.ParamRelease)
	return sit.Stack.Status.Updatable() && len(sit.Missing()) == 0 && sit.Template == t.template &&
		maps.Equal(have, t.parameters) && (t.roleARN == "" || t.roleARN == sit.Stack.RoleARN)
}

// request asks for the target as a release of that number.
func (t *target) request(a *app, number int) stack.Request {
	parameters := maps.Clone(t.parameters)
	parameters[cfn.ParamRelease] = strconv.Itoa(number)
	return stack.Request{
		Name: a.stage().Stack(), Template: t.template, Parameters: parameters,
		Tags:        map[string]string{stage.Tag: a.flags.stage},
		Description: "renpyctl " + version().Version, RoleARN: t.roleARN,
	}
}

// upload puts into the artefact bucket what it does not hold yet, and returns
// how many objects and bytes that were.
func (t *target) upload(ctx context.Context, sit *situation) (written int, size int64, err error) {
	if err := sit.Store.Ensure(ctx, sit.contents); err != nil {
		return 0, 0, err
	}
	group, ctx := errgroup.WithContext(ctx)
	for key, body := range t.bodies {
		if sit.contents.Has(key) {
			continue
		}
		written++
		size += int64(len(body))
		group.Go(func() error { return sit.Store.Put(ctx, key, body) })
	}
	return written, size, group.Wait()
}
