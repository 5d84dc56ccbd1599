package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/local"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// session is a run's connection to the cloud where its stage lives.
type session struct {
	*app
	at    *stage.Stage
	local *local.Cloud // nil unless --local
}

// connect loads the AWS configuration, or starts the local cloud with --local.
func (a *app) connect(ctx context.Context) (*session, error) {
	o := cloud.Options{Region: a.flags.region, Profile: a.flags.profile, AppID: "renpyctl-" + version().Version}
	if a.flags.debug {
		o.Trace = a.trace
	}
	s := &session{app: a}
	a.showWaiting()
	if a.flags.local {
		lc, err := a.startLocal(ctx)
		if err != nil {
			return nil, err
		}
		if o.LocalSecret, err = lc.Secret(); err != nil {
			return nil, err
		}
		s.local, s.at = lc, stage.At(cloud.Local(lc.Endpoint(), o), a.stage())
	} else {
		cfg, err := a.loadAWS(ctx, o)
		if err != nil {
			return nil, err
		}
		s.at = stage.At(cfg, a.stage())
	}
	s.at.Adopts = a.adopts
	a.cloud = s.at.Config
	return s, nil
}

// loadAWS makes the configuration for AWS, in a region that can be one. What stands in
// for AWS elsewhere may call its regions as it likes.
func (a *app) loadAWS(ctx context.Context, o cloud.Options) (aws.Config, error) {
	cfg, err := a.env.LoadAWS(ctx, o)
	if err == nil && cloud.Elsewhere(cfg) == nil {
		err = cloud.CheckRegion(cfg.Region)
	}
	return cfg, err
}

// showWaiting lets a person know from now on what the program waits for. A shell
// that completes shows nothing, and --debug shows every call.
func (a *app) showWaiting() {
	switch {
	case a.streams == nil || a.flags.debug:
	case a.flags.local:
		a.streams.Wait("waiting for the local cloud")
	default:
		a.streams.Wait("waiting for AWS")
	}
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
	if port < 1 || port > 65535 {
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
		if _, ok := errors.AsType[*fs.PathError](err); ok {
			err = &hintedError{fmt.Errorf("write to the local cloud's folder: %w", err), "RENPYCTL_LOCAL_DIR names another folder, for which there has to be a place"}
		}
		return nil, err
	}
	p.Set(ui.Task{Key: "local", Name: "local cloud", State: ui.Done, Text: "running at " + lc.Endpoint()})
	return lc, nil
}

// outputs returns the stack's outputs, addresses in the form that programs on
// this machine reach.
func (s *session) outputs(st stack.Stack) map[string]string {
	if s.local == nil {
		return st.Outputs
	}
	out := maps.Clone(st.Outputs)
	if api, ok := out[cfn.OutputAPIEndpoint]; ok {
		out[cfn.OutputAPIEndpoint] = local.APIBase(s.local.Endpoint(), api)
	}
	delete(out, cfn.OutputPasswordPage) // the local cloud has no such pages
	return out
}

// where prints who runs the command and what it is about to touch.
func (s *session) where(id cloud.Identity) {
	elsewhere := ""
	if s.local == nil {
		for _, endpoint := range cloud.Elsewhere(s.at.Config) {
			elsewhere += ui.Warning("  at " + endpoint)
		}
	}
	s.say("%s  %s  %s  account %s  %s%s", ui.Strong("renpy-cloud"), ui.Accent(s.flags.stage), s.region(), id.Account, ui.Dim("as "+id.Name()), elsewhere)
}

// region is where the stage is.
func (s *session) region() string { return s.at.Config.Region }
