package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/local"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/ui"
	"github.com/renpy-cloud/renpyctl/lambda"
)

type deployOptions struct {
	arch     string
	settings []string
	verbose  bool
}

func newDeploy(a *app) *cobra.Command {
	var o deployOptions
	cmd := &cobra.Command{
		Use:   "deploy",
		Short: "Create the backend of a stage, or bring it up to date",
		Long: `Create the backend of a stage, or bring it up to date. What would change is
shown first and nothing happens before it is confirmed. Settings that are not
given keep the value they have.

Settings (--set NAME=VALUE):
` + settingsHelp(),
		Example: `  renpyctl deploy --local
  renpyctl deploy --stage prod --set GameIds=my_game --set LogRetentionDays=90`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.deploy(cmd.Context(), o) },
	}
	cmd.Flags().StringVar(&o.arch, "arch", "", "processor of the functions: arm64 or x86_64 (default: as deployed, else arm64)")
	cmd.Flags().StringArrayVar(&o.settings, "set", nil, "set a setting, NAME=VALUE; may be repeated")
	cmd.Flags().BoolVarP(&o.verbose, "verbose", "v", false, "list every resource and property that changes")
	return cmd
}

func settingsHelp() string {
	var b strings.Builder
	for _, s := range cfn.Settings() {
		fmt.Fprintf(&b, "  %-19s %s\n", s.Name, s.Help)
	}
	return b.String()
}

// deploy makes the stage what this program carries: say where, see what is
// there, upload, plan, show, ask, execute, follow, print.
func (a *app) deploy(ctx context.Context, o deployOptions) error {
	settings, err := parseSettings(o.settings)
	if err != nil {
		return err
	}
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	id, current, template, err := s.look(ctx)
	if err != nil {
		return err
	}
	s.where(id)
	want, err := s.desired(id, current, settings, o.arch)
	if err != nil {
		return err
	}
	if current.Status.Updatable() && want.sameAs(current, template) {
		s.say("Nothing to do: stage %s is up to date.", ui.Accent(a.flags.stage))
		return s.printDeployed(current)
	}
	if err := want.upload(ctx, a); err != nil {
		return err
	}
	plan, err := s.engine.Propose(ctx, current, want.request(a))
	if errors.Is(err, stack.ErrNoChanges) {
		s.say("Nothing to do: stage %s is up to date.", ui.Accent(a.flags.stage))
		return s.printDeployed(current)
	}
	if err != nil {
		return err
	}
	s.showPlan(plan, want, o.verbose)
	if err := a.confirm(ctx, fmt.Sprintf("Deploy to %s?", a.flags.stage)); err != nil {
		return errors.Join(err, s.discard(ctx, plan))
	}
	deployed, err := s.execute(ctx, plan)
	if err != nil {
		return err
	}
	return s.printDeployed(deployed)
}

// look finds out who we are and what is there, both at once.
func (s *session) look(ctx context.Context) (id cloud.Identity, current stack.Stack, template string, err error) {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		id, err = cloud.WhoAmI(ctx, s.cfg)
		return err
	})
	group.Go(func() (err error) {
		current, err = s.describe(ctx)
		if _, none := errors.AsType[*noStageError](err); none {
			return nil
		}
		return err
	})
	group.Go(func() (err error) {
		template, err = s.engine.Template(ctx, s.stackName())
		if cloud.IsNotFound(err) {
			return nil
		}
		return err
	})
	if err := group.Wait(); err != nil {
		return id, current, template, err
	}
	if current.Status.InProgress() {
		return id, current, template, &busyError{current.Name, string(current.Status)}
	}
	return id, current, template, nil
}

// parseSettings reads NAME=VALUE pairs.
func parseSettings(pairs []string) (map[string]string, error) {
	settings := map[string]string{}
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, usagef("--set %q is not NAME=VALUE", pair)
		}
		if !slices.ContainsFunc(cfn.Settings(), func(s cfn.Setting) bool { return s.Name == name }) {
			return nil, usagef("--set %s: there is no such setting; renpyctl deploy --help lists them", name)
		}
		settings[name] = value
	}
	return settings, nil
}

// desired is what a stage should become: template, code and parameters.
type desired struct {
	store      *release.Store
	code       []lambda.Code
	codeKeys   []string
	parameters map[string]string
}

func (s *session) desired(id cloud.Identity, current stack.Stack, settings map[string]string, arch string) (*desired, error) {
	d := &desired{store: s.artifacts(id.Account), parameters: map[string]string{}}
	for _, setting := range cfn.Settings() {
		if value, ok := current.Parameters[setting.Name]; ok {
			d.parameters[setting.Name] = value
		}
	}
	maps.Copy(d.parameters, settings)

	chosen := lambda.Arch(arch)
	if arch == "" {
		chosen = s.defaultArch(current)
	}
	if !slices.Contains(lambda.Arches(), chosen) {
		return nil, usagef("--arch %q is neither arm64 nor x86_64", arch)
	}
	for _, f := range lambda.Functions() {
		code, err := s.code(f, chosen)
		if err != nil {
			return nil, err
		}
		d.code = append(d.code, code)
		d.codeKeys = append(d.codeKeys, fmt.Sprintf("code/%s-%s.zip", f.Command, code.SHA256()))
	}
	d.parameters[cfn.ParamStage] = s.flags.stage
	d.parameters[cfn.ParamArchitecture] = string(chosen)
	d.parameters[cfn.ParamArtifactsBucket] = d.store.Bucket
	d.parameters[cfn.ParamSyncPlanCodeKey] = d.codeKeys[0]
	d.parameters[cfn.ParamSyncCompleteCodeKey] = d.codeKeys[1]
	return d, nil
}

// defaultArch is the architecture when none is asked for: what runs already,
// what this computer can run for the local cloud, and else the cheaper one.
func (s *session) defaultArch(current stack.Stack) lambda.Arch {
	if s.local != nil {
		if runtime.GOARCH == "arm64" {
			return lambda.ARM64
		}
		return lambda.X8664
	}
	if deployed := current.Parameters[cfn.ParamArchitecture]; deployed != "" {
		return lambda.Arch(deployed)
	}
	return lambda.ARM64
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
	return lambda.Code{Function: f, Arch: arch, Zip: zip}, err
}

// sameAs tells whether the stack already is what is desired.
func (d *desired) sameAs(current stack.Stack, template string) bool {
	if template != cfn.Template() {
		return false
	}
	for name, value := range d.parameters {
		if current.Parameters[name] != value {
			return false
		}
	}
	return true
}

func (d *desired) templateKey() string { return "template/" + cfn.TemplateSHA256() + ".yaml" }

// upload puts into the artefact bucket what it does not have yet.
func (d *desired) upload(ctx context.Context, a *app) error {
	p := ui.NewProgress(a.streams)
	defer p.Close()
	task := ui.Task{Key: "artefacts", Name: "artefacts", State: ui.Running, Text: "looking what is missing"}
	p.Set(task)
	written, size, err := d.uploadMissing(ctx)
	if err != nil {
		task.State, task.Text = ui.Failed, "not uploaded"
		p.Set(task)
		return err
	}
	task.State = ui.Done
	task.Text = fmt.Sprintf("%d of %d uploaded, %s", written, len(d.code)+1, ui.Bytes(size))
	if written == 0 {
		task.Text = "all there already"
	}
	p.Set(task)
	return nil
}

func (d *desired) uploadMissing(ctx context.Context) (written int, size int64, err error) {
	if err := d.store.Ensure(ctx); err != nil {
		return 0, 0, err
	}
	artifacts := map[string][]byte{d.templateKey(): []byte(cfn.Template())}
	for i, code := range d.code {
		artifacts[d.codeKeys[i]] = code.Zip
	}
	wrote := make(chan int, len(artifacts))
	group, ctx := errgroup.WithContext(ctx)
	for key, body := range artifacts {
		group.Go(func() error {
			written, err := d.store.PutMissing(ctx, key, body)
			if written {
				wrote <- len(body)
			}
			return err
		})
	}
	err = group.Wait()
	close(wrote)
	for n := range wrote {
		written++
		size += int64(n)
	}
	return written, size, err
}

func (d *desired) request(a *app) stack.Request {
	return stack.Request{
		Name:        a.stackName(),
		Template:    cfn.Template(),
		Parameters:  d.parameters,
		Tags:        map[string]string{stageTag: a.flags.stage},
		Description: "renpyctl " + version().Version,
	}
}

// discard takes back a plan that nobody wants, even after an interruption.
func (s *session) discard(ctx context.Context, plan *stack.Plan) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	return s.engine.Discard(ctx, plan)
}

// execute runs the plan to its end and returns the stack as it then is.
func (s *session) execute(ctx context.Context, plan *stack.Plan) (stack.Stack, error) {
	start := time.Now()
	mark, err := s.engine.LatestEvent(ctx, plan.StackID)
	if err != nil {
		return stack.Stack{}, err
	}
	if err := s.engine.Execute(ctx, plan); err != nil {
		return stack.Stack{}, err
	}
	events, err := s.follow(ctx, plan.StackID, mark, len(plan.Changes))
	if err != nil {
		return stack.Stack{}, err
	}
	final, err := s.engine.Describe(ctx, plan.StackID)
	if err != nil && !errors.Is(err, stack.ErrNotFound) {
		return stack.Stack{}, err
	}
	if !final.Status.Settled() {
		return stack.Stack{}, s.failed("deploy", plan.Create, final, events)
	}
	s.say("%s %s in %s", ui.Success("Deployed"), ui.Accent(s.flags.stage), ui.Elapsed(time.Since(start)))
	return final, nil
}

// printDeployed prints where the backend is.
func (s *session) printDeployed(st stack.Stack) error {
	if s.json() {
		return s.printJSON(s.info(st))
	}
	out := s.outputs(st)
	fields := [][2]string{
		{"API", out[cfn.OutputAPIEndpoint]},
		{"User pool", out[cfn.OutputUserPoolID]},
		{"Client", out[cfn.OutputAppClientID]},
	}
	if err := s.printFields(fields); err != nil {
		return err
	}
	s.hint("%s prints what to paste into the game", s.command("config renpy"))
	return nil
}
