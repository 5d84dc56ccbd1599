package cli

import (
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/deploy"
	"github.com/renpy-cloud/renpyctl/internal/local"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/lambda"
)

// embedded is the target that this program carries, as the flags want it.
func (s *session) embedded(st *stage.State, settings map[string]string, o deployOptions) (*deploy.Target, error) {
	arch, err := s.chooseArch(o.arch, st.Stack)
	if err != nil {
		return nil, err
	}
	t, err := deploy.Embedded(st, arch, settings, o.roleARN, s.code)
	if err != nil {
		return nil, err
	}
	if err := cfn.CheckSettings(t.Parameters); err != nil {
		return nil, usagef("%v", err)
	}
	return t, nil
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

// parse reads the flags that say what is deployed: the settings, by name.
func (o deployOptions) parse() (map[string]string, error) {
	if err := checkRole(o.roleARN); err != nil {
		return nil, err
	}
	if err := o.checkAllowed(); err != nil {
		return nil, err
	}
	return readSettings(o.settings)
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
