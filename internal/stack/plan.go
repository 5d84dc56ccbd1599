package stack

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// Request is what a stack should become.
type Request struct {
	Name        string
	Template    string // the template itself: at most 51,200 bytes
	Parameters  map[string]string
	Tags        map[string]string
	Description string
	// RoleARN is the role that CloudFormation works as, for this change and every
	// later one; "" leaves the stack's as it is, or has it work as the caller.
	RoleARN string
	// RevertDrift makes the change set compare with what the resources are, and not
	// with what the stack's template says: those that somebody has changed or
	// deleted come back (CloudFormation user guide, "Using drift-aware change sets").
	RevertDrift bool
	// Express lets CloudFormation call the operation complete when settings are
	// applied, before resources are known to work. Failures still roll back.
	Express bool
}

// Action is what happens to a resource.
type Action string

// The actions of a change.
const (
	Add     Action = "add"
	Modify  Action = "modify"
	Replace Action = "replace" // certainly or possibly: CloudFormation decides when it runs
	Remove  Action = "remove"
)

// Change is what a plan does to one resource.
type Change struct {
	Action    Action
	LogicalID string
	Type      string
	// Conditional says of Replace that it depends on values known only during the update.
	Conditional bool
	Details     []Detail
	// Before and After are the whole resource as JSON, where CloudFormation tells.
	Before, After string
}

// Detail is one property that changes.
type Detail struct {
	Path     string // "Properties.Code.S3Key"
	Property string // "Code"; "" for tags, metadata and the like
	// Before and After are empty where CloudFormation does not tell.
	Before, After string
	// Recreates is what changing the property does by CloudFormation's account: Never, Conditionally or Always.
	Recreates types.RequiresRecreation
	// Because names the resource, "CognitoUserPool", whose own change may change
	// this value; "" where the template or a parameter changes it.
	Because string
}

// Plan is a change set that has been made and not yet executed.
type Plan struct {
	ChangeSetID string   `json:"changeSetId"`
	StackID     string   `json:"stackId"`
	Create      bool     `json:"create"` // the stack does not exist yet
	Changes     []Change `json:"-"`      // CloudFormation keeps them
	// Tags are all that the stack would have, CloudFormation's own left out.
	Tags map[string]string `json:"-"`

	shell bool // the empty stack was made for this plan, and may hold no other
}

// ErrNoChanges says that the stack already is what was asked for.
var ErrNoChanges = errors.New("no changes")

// Propose makes a change set that turns the stack into what the request says.
// Current is the stack as last described, its zero value if there is none. The
// error is [ErrNoChanges] where nothing would change, [ErrBusy] where somebody
// else works on the stack. A change set that could not be made leaves nothing behind.
func (e *Engine) Propose(ctx context.Context, current Stack, r Request) (*Plan, error) {
	create := current.Status.Uncreated()
	token := newToken()
	in := &cloudformation.CreateChangeSetInput{
		StackName: &r.Name,
		// Named after the stack, so that a policy can tell one stack's change sets from another's.
		ChangeSetName: aws.String(r.Name + "-" + strings.ToLower(rand.Text())),
		ClientToken:   &token,
		ChangeSetType: types.ChangeSetTypeUpdate,
		TemplateBody:  &r.Template,
		Description:   &r.Description,
		Capabilities:  []types.Capability{types.CapabilityCapabilityIam},
	}
	if create {
		in.ChangeSetType = types.ChangeSetTypeCreate
		// A first create that fails is taken away again, instead of staying as
		// ROLLBACK_COMPLETE, from which only a delete leads on. Stateful
		// resources have RetainExceptOnCreate, so nothing is left behind.
		in.OnStackFailure = types.OnStackFailureDelete
	}
	if r.RoleARN != "" {
		in.RoleARN = &r.RoleARN
	}
	if r.RevertDrift {
		in.DeploymentMode = types.DeploymentModeRevertDrift
	}
	if r.Express {
		// In express mode rolling back is off unless asked for (CloudFormation user guide).
		in.DeploymentConfig = &types.DeploymentConfig{Mode: types.DeploymentConfigModeExpress, DisableRollback: aws.Bool(false)}
	}
	for _, k := range slices.Sorted(maps.Keys(r.Parameters)) {
		in.Parameters = append(in.Parameters, types.Parameter{ParameterKey: &k, ParameterValue: aws.String(r.Parameters[k])})
	}
	for _, k := range slices.Sorted(maps.Keys(r.Tags)) {
		in.Tags = append(in.Tags, types.Tag{Key: &k, Value: aws.String(r.Tags[k])})
	}
	out, err := e.client.CreateChangeSet(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("plan stack %s: %w", r.Name, orBusy(err))
	}
	plan := &Plan{ChangeSetID: aws.ToString(out.Id), StackID: aws.ToString(out.StackId), Create: create, Tags: r.Tags, shell: current.Status == None}
	if err := e.awaitChangeSet(ctx, plan); err != nil {
		err = orBusy(err) // somebody else's execution drops the change set that is being made
		// The caller may have given up; what was made is cleared away all the same.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
		defer cancel()
		if cleanup := e.Discard(ctx, plan); cleanup != nil {
			return nil, fmt.Errorf("%w (and the change set stays: %v)", err, cleanup)
		}
		return nil, err
	}
	return plan, nil
}

// cleanupTimeout bounds clearing up after an interruption.
const cleanupTimeout = 15 * time.Second

// awaitChangeSet waits until the change set is made and reads its changes into the plan.
func (e *Engine) awaitChangeSet(ctx context.Context, plan *Plan) error {
	for p := newPoll(); ; {
		out, err := e.describeChangeSet(ctx, plan)
		switch {
		case cloud.KindOf(err) == cloud.Throttled: // look again later
		case err != nil:
			return err
		case out.Status == types.ChangeSetStatusCreateComplete:
			return nil
		case out.Status == types.ChangeSetStatusFailed:
			reason := aws.ToString(out.StatusReason)
			if saysNoChanges(reason) {
				return ErrNoChanges
			}
			return e.refused(ctx, plan, reason)
		}
		if err := p.wait(ctx, err); err != nil {
			return err
		}
	}
}

// saysNoChanges knows CloudFormation's two ways of saying that nothing would
// change; the status of such a change set is FAILED. An empty list of changes
// is no sign of it: a change of outputs alone lists none.
func saysNoChanges(reason string) bool {
	return strings.HasPrefix(reason, "The submitted information didn't contain changes.") ||
		strings.HasPrefix(reason, "No updates are to be performed.")
}

// incomplete begins the status reason of a change set whose property values
// could not all be told: CloudFormation may then have left out whole changes.
const incomplete = "[WARN] --include-property-values option can return incomplete ChangeSet data"

// describeChangeSet reads the change set with all its pages into the plan and
// returns the last page. Where asking for property values loses changes, those
// are read again without.
func (e *Engine) describeChangeSet(ctx context.Context, plan *Plan) (*cloudformation.DescribeChangeSetOutput, error) {
	changes, out, err := e.changes(ctx, plan, true)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(aws.ToString(out.StatusReason), incomplete) {
		all, _, err := e.changes(ctx, plan, false)
		if err != nil {
			return nil, err
		}
		for _, c := range all {
			if !slices.ContainsFunc(changes, func(o Change) bool { return o.LogicalID == c.LogicalID }) {
				changes = append(changes, c)
			}
		}
	}
	plan.Changes = changes
	return out, nil
}

func (e *Engine) changes(ctx context.Context, plan *Plan, values bool) ([]Change, *cloudformation.DescribeChangeSetOutput, error) {
	var changes []Change
	in := &cloudformation.DescribeChangeSetInput{ChangeSetName: &plan.ChangeSetID, StackName: &plan.StackID, IncludePropertyValues: &values}
	for {
		out, err := there(ctx, func() (*cloudformation.DescribeChangeSetOutput, error) { return e.client.DescribeChangeSet(ctx, in) })
		if err != nil {
			return nil, nil, fmt.Errorf("read the change set: %w", err)
		}
		for _, c := range out.Changes {
			if c.ResourceChange != nil && c.ResourceChange.Action != types.ChangeActionSyncWithActual { // which changes no resource
				changes = append(changes, changeFromAPI(c.ResourceChange))
			}
		}
		if out.NextToken == nil {
			return changes, out, nil
		}
		in.NextToken = out.NextToken
	}
}

func changeFromAPI(in *types.ResourceChange) Change {
	c := Change{
		LogicalID: aws.ToString(in.LogicalResourceId), Type: aws.ToString(in.ResourceType),
		Before: aws.ToString(in.BeforeContext), After: aws.ToString(in.AfterContext),
	}
	switch in.Action {
	case types.ChangeActionAdd, types.ChangeActionImport:
		c.Action = Add
	case types.ChangeActionRemove:
		c.Action = Remove
	case types.ChangeActionDynamic: // CloudFormation cannot tell before it runs
		c.Action, c.Conditional = Replace, true
	default:
		c.Action = Modify
		if in.Replacement == types.ReplacementTrue || in.Replacement == types.ReplacementConditional || replaces(in.PolicyAction) {
			c.Action, c.Conditional = Replace, in.Replacement == types.ReplacementConditional
		}
	}
	for _, d := range in.Details {
		// The same property is listed once for each reason why it changes.
		if detail, ok := detailFromAPI(d); ok && !slices.Contains(c.Details, detail) {
			c.Details = append(c.Details, detail)
		}
	}
	return c
}

// replaces says that the resource's update policy will come to act.
func replaces(p types.PolicyAction) bool {
	return p == types.PolicyActionReplaceAndDelete || p == types.PolicyActionReplaceAndRetain || p == types.PolicyActionReplaceAndSnapshot
}

func detailFromAPI(in types.ResourceChangeDetail) (Detail, bool) {
	if in.Target == nil {
		return Detail{}, false
	}
	d := Detail{
		Path: strings.ReplaceAll(strings.TrimPrefix(aws.ToString(in.Target.Path), "/"), "/", "."), Property: aws.ToString(in.Target.Name),
		Before: aws.ToString(in.Target.BeforeValue), After: aws.ToString(in.Target.AfterValue),
		Recreates: in.Target.RequiresRecreation,
	}
	if d.Path == "" {
		d.Path = strings.TrimSuffix(string(in.Target.Attribute)+"."+d.Property, ".")
	}
	switch in.ChangeSource {
	case types.ChangeSourceResourceReference, types.ChangeSourceResourceAttribute:
		d.Because, _, _ = strings.Cut(aws.ToString(in.CausingEntity), ".")
	}
	return d, true
}

// ErrStale says that a plan cannot be executed any more.
var ErrStale = errors.New("the stack has moved on since the plan was made")

// Recall reads a plan that was made earlier, with its tags, and returns the
// parameters that it would give the stack. The error is [ErrStale] if it can not be executed:
// CloudFormation drops change sets when the stack changes.
func (e *Engine) Recall(ctx context.Context, plan *Plan) (map[string]string, error) {
	out, err := e.describeChangeSet(ctx, plan)
	if cloud.IsNotFound(err) {
		return nil, ErrStale
	}
	if err != nil {
		return nil, err
	}
	if out.Status != types.ChangeSetStatusCreateComplete || out.ExecutionStatus != types.ExecutionStatusAvailable {
		return nil, ErrStale
	}
	plan.Tags = map[string]string{}
	for _, t := range out.Tags {
		plan.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	parameters := map[string]string{}
	for _, p := range out.Parameters {
		parameters[aws.ToString(p.ParameterKey)] = aws.ToString(p.ParameterValue)
	}
	return parameters, nil
}

// ErrNotBegun says that CloudFormation has refused to execute a plan: the plan
// is as it was, and so is the stack.
var ErrNotBegun = errors.New("nothing was begun")

// Execute starts the plan and returns at once; follow it with [Engine.Follow].
// The error is [ErrBusy] where somebody was faster, [ErrNotBegun] where it is
// certain that nothing has begun, and [ErrUnclear] otherwise: of a connection that
// was lost nobody knows.
func (e *Engine) Execute(ctx context.Context, plan *Plan) error {
	token := newToken()
	in := &cloudformation.ExecuteChangeSetInput{ChangeSetName: &plan.ChangeSetID, StackName: &plan.StackID, ClientRequestToken: &token}
	if !plan.Create {
		// Said in full, since the service's default is documented both ways.
		// For a create it may not be combined with OnStackFailure.
		in.DisableRollback = aws.Bool(false)
	}
	_, err := there(ctx, func() (*cloudformation.ExecuteChangeSetOutput, error) { return e.client.ExecuteChangeSet(ctx, in) })
	if err == nil {
		return nil
	}
	// An earlier try, whose answer was lost, may have begun it. AWS knows the
	// repeated request by its token, but refuses it all the same if by now the
	// credentials have expired or too much is asked. Nobody else executes a change
	// set of ours.
	available := false
	readCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout) // also if the caller has given up
	defer cancel()
	if _, out, readErr := e.changes(readCtx, plan, false); readErr == nil {
		switch out.ExecutionStatus {
		case types.ExecutionStatusExecuteInProgress, types.ExecutionStatusExecuteComplete:
			return nil
		case types.ExecutionStatusAvailable:
			available = true
		}
	}
	refusal := orBusy(err)
	failed := fmt.Errorf("execute the change set: %w", refusal)
	switch {
	case errors.Is(refusal, ErrBusy):
		return failed
	case available && cloud.Refused(err):
		return &outcome{failed, ErrNotBegun}
	}
	return &outcome{failed, ErrUnclear}
}

// outcome is an error that says by itself why, and is what came of it as well.
type outcome struct {
	error error
	is    error
}

func (e *outcome) Error() string   { return e.error.Error() }
func (e *outcome) Unwrap() []error { return []error{e.error, e.is} }

// ErrBusy says that another operation runs on the stack, or was faster.
var ErrBusy = errors.New("another operation runs on the stack")

// orBusy recognises CloudFormation's refusals because of somebody else: of a
// stack that is being changed it says "is in UPDATE_IN_PROGRESS state and can
// not be updated", of one that was created a moment ago that it "already exists
// and cannot be created again"; change sets that an execution has outdated are
// deleted, or have the status OBSOLETE.
func orBusy(err error) error {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return err
	}
	switch api.ErrorCode() {
	case "InvalidChangeSetStatus", "InvalidChangeSetStatusException", "AlreadyExistsException", "ChangeSetNotFound", "ChangeSetNotFoundException", "OperationInProgressException":
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	if m := api.ErrorMessage(); strings.Contains(m, "_IN_PROGRESS state") || strings.Contains(m, "cannot be created again") {
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return err
}

// Discard deletes a plan that is not to be executed, and the empty stack if it
// was made to hold this plan: one that was there before may hold somebody
// else's.
func (e *Engine) Discard(ctx context.Context, plan *Plan) error {
	_, err := e.client.DeleteChangeSet(ctx, &cloudformation.DeleteChangeSetInput{ChangeSetName: &plan.ChangeSetID, StackName: &plan.StackID})
	if err != nil && !cloud.IsNotFound(err) {
		return fmt.Errorf("delete the change set: %w", err)
	}
	if !plan.shell {
		return nil
	}
	s, err := e.Describe(ctx, plan.StackID)
	if err != nil || s.Status != ReviewInProgress {
		return nil // gone already, or somebody has begun to use it
	}
	return e.Delete(ctx, plan.StackID)
}

// newToken returns a name for one request of ours: it makes a repeated request
// harmless.
func newToken() string { return "renpyctl-" + strings.ToLower(rand.Text()) }
