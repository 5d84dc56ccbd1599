package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/local"
	"github.com/renpy-cloud/renpyctl/internal/players"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// session is a run's connection to the cloud where its stage lives.
type session struct {
	*app
	cfg    aws.Config
	engine *stack.Engine
	local  *local.Cloud // nil unless --local
}

// connect loads the AWS configuration, or starts the local cloud with --local.
func (a *app) connect(ctx context.Context) (*session, error) {
	o := cloud.Options{Region: a.flags.region, Profile: a.flags.profile, AppID: "renpyctl-" + version().Version}
	if a.flags.debug {
		o.Trace = a.trace
	}
	s := &session{app: a}
	if a.flags.local {
		lc, err := a.startLocal(ctx)
		if err != nil {
			return nil, err
		}
		s.local, s.cfg = lc, cloud.Local(lc.Endpoint(), o)
	} else {
		cfg, err := a.env.LoadAWS(ctx, o)
		if err != nil {
			return nil, err
		}
		s.cfg = cfg
	}
	s.engine = stack.New(cloudformation.NewFromConfig(s.cfg))
	return s, nil
}

// localCloud returns the local cloud that flags and environment choose, without touching it.
func (a *app) localCloud() (*local.Cloud, error) {
	dir := a.env.Getenv("RENPYCTL_LOCAL_DIR")
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("find a folder for the local cloud: %w (RENPYCTL_LOCAL_DIR can name one)", err)
		}
		dir = filepath.Join(cache, "renpyctl", "local")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	port := a.flags.localPort
	if text := a.env.Getenv("RENPYCTL_LOCAL_PORT"); port == 0 && text != "" {
		if port, err = strconv.Atoi(text); err != nil {
			return nil, usagef("RENPYCTL_LOCAL_PORT=%q is not a port", text)
		}
	}
	if port < 0 || port > 65535 {
		return nil, usagef("port %d of the local cloud is not between 1 and 65535", port)
	}
	enforce := a.env.Getenv("RENPYCTL_LOCAL_ENFORCE_IAM") != ""
	return local.New(local.Config{Dir: dir, Port: port, Environ: a.env.Environ, EnforceIAM: enforce})
}

// startLocal makes sure that the local cloud runs, showing what takes time.
func (a *app) startLocal(ctx context.Context) (*local.Cloud, error) {
	lc, err := a.localCloud()
	if err != nil {
		return nil, err
	}
	if s, err := lc.Status(ctx); err == nil && s.Healthy && !s.Outdated {
		return lc, nil
	}
	p := ui.NewProgress(a.streams)
	defer p.Close()
	_, err = lc.Up(ctx, func(step string) {
		p.Set(ui.Task{Key: "local", Name: "local cloud", State: ui.Running, Text: step})
	})
	if err != nil {
		p.Set(ui.Task{Key: "local", Name: "local cloud", State: ui.Failed, Text: "not started"})
		return nil, err
	}
	p.Set(ui.Task{Key: "local", Name: "local cloud", State: ui.Done, Text: "running at " + lc.Endpoint()})
	return lc, nil
}

// stackName is the stack of the stage.
func (a *app) stackName() string { return "renpy-cloud-" + a.flags.stage }

// stageTag marks a stack as made by this program, with the stage as its value.
const stageTag = "renpyctl:stage"

// noStageError says that the stage is not deployed.
type noStageError struct{ stage, region string }

func (e *noStageError) Error() string {
	return fmt.Sprintf("stage %s is not deployed in %s", e.stage, e.region)
}

// foreignStackError says that another tool made the stack of that name.
type foreignStackError struct{ name string }

func (e *foreignStackError) Error() string {
	return fmt.Sprintf("the stack %s was not made by renpyctl", e.name)
}

// busy says that another operation runs on the stack.
func busy(st stack.Stack) error { return fmt.Errorf("%w %s (%s)", stack.ErrBusy, st.Name, st.Status) }

// describe reads the stage's stack. The errors are *noStageError where there is
// none and *foreignStackError where the stack is not ours to touch.
func (s *session) describe(ctx context.Context) (stack.Stack, error) {
	st, err := s.engine.Describe(ctx, s.stackName())
	switch {
	case errors.Is(err, stack.ErrNotFound):
		return st, &noStageError{s.flags.stage, s.cfg.Region}
	case err != nil:
		return st, err
	case st.Tags[stageTag] != s.flags.stage:
		return st, &foreignStackError{st.Name}
	}
	return st, nil
}

// describeAny is describe for commands that can do without a stack, which is zero then.
func (s *session) describeAny(ctx context.Context) (stack.Stack, error) {
	st, err := s.describe(ctx)
	if _, none := errors.AsType[*noStageError](err); none {
		return stack.Stack{}, nil
	}
	return st, err
}

// deployed is describe for commands that need a stack with resources in it.
func (s *session) deployed(ctx context.Context) (stack.Stack, error) {
	st, err := s.describe(ctx)
	if err == nil {
		err = s.mustBeDeployed(st)
	}
	return st, err
}

// outputs returns the stack's outputs, the API's address in the form that
// programs on this machine reach.
func (s *session) outputs(st stack.Stack) map[string]string {
	if s.local == nil {
		return st.Outputs
	}
	out := maps.Clone(st.Outputs)
	if api, ok := out[cfn.OutputAPIEndpoint]; ok {
		out[cfn.OutputAPIEndpoint] = local.APIBase(s.local.Endpoint(), api)
	}
	return out
}

// account returns the account that the stack's id names.
func account(st stack.Stack) string {
	if parts := strings.Split(st.ID, ":"); len(parts) > 4 {
		return parts[4]
	}
	return ""
}

// pool returns the stage's user pool.
func (s *session) pool(id string) *players.Pool { return players.NewPool(idp.NewFromConfig(s.cfg), id) }

// artifacts returns the stage's artefact bucket in an account.
func (s *session) artifacts(account string) *release.Store {
	return release.NewStore(cloud.S3(s.cfg), s.flags.stage, account, s.cfg.Region)
}

// whoAmI asks AWS whose credentials these are.
func (s *session) whoAmI(ctx context.Context) (cloud.Identity, error) {
	return cloud.WhoAmI(ctx, s.cfg)
}

// where prints who runs the command and what it is about to touch.
func (s *session) where(id cloud.Identity) {
	s.say("%s  %s  %s  account %s  %s", ui.Strong("renpy-cloud"), ui.Accent(s.flags.stage), s.cfg.Region, id.Account, ui.Dim("as "+id.Name()))
}
