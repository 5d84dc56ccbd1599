package stack_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/stack"
)

const changeSetID = "arn:aws:cloudformation:eu-west-1:123456789012:changeSet/renpyctl-x/1"

// changeSet is a change set of CloudFormation's, made within some time.
type changeSet struct {
	*awsfake.Fake
	engine *stack.Engine
	start  time.Time
	made   time.Duration
	status types.ChangeSetStatus
	reason string
	pages  [][]types.ResourceChange
	// lossy leaves out a page when property values are asked for (aws/aws-cdk-cli#1780).
	lossy bool
	state types.StackStatus // of the stack, "" if there is none
}

func newChangeSet(t *testing.T) *changeSet {
	c := &changeSet{Fake: awsfake.New(t), start: time.Now(), status: types.ChangeSetStatusCreateComplete}
	c.engine = stack.New(cloudformation.NewFromConfig(c.Config()))
	awsfake.On(c.Fake, func(*cloudformation.CreateChangeSetInput) (*cloudformation.CreateChangeSetOutput, error) {
		return &cloudformation.CreateChangeSetOutput{Id: aws.String(changeSetID), StackId: aws.String(stackID)}, nil
	})
	awsfake.On(c.Fake, c.describe)
	awsfake.On(c.Fake, func(*cloudformation.DeleteChangeSetInput) (*cloudformation.DeleteChangeSetOutput, error) {
		return &cloudformation.DeleteChangeSetOutput{}, nil
	})
	awsfake.On(c.Fake, func(*cloudformation.DescribeStacksInput) (*cloudformation.DescribeStacksOutput, error) {
		if c.state == "" {
			return nil, awsfake.Error{Code: "ValidationError", Message: "Stack with id " + stackID + " does not exist"}
		}
		return &cloudformation.DescribeStacksOutput{Stacks: []types.Stack{{StackId: aws.String(stackID), StackName: aws.String(stackName), StackStatus: c.state, CreationTime: &c.start}}}, nil
	})
	awsfake.On(c.Fake, func(*cloudformation.DeleteStackInput) (*cloudformation.DeleteStackOutput, error) {
		return &cloudformation.DeleteStackOutput{}, nil
	})
	awsfake.On(c.Fake, func(*cloudformation.DescribeEventsInput) (*cloudformation.DescribeEventsOutput, error) {
		return nil, awsfake.Error{Code: "AccessDenied", Message: "not authorized to perform: cloudformation:DescribeEvents"}
	})
	return c
}

func (c *changeSet) describe(in *cloudformation.DescribeChangeSetInput) (*cloudformation.DescribeChangeSetOutput, error) {
	out := &cloudformation.DescribeChangeSetOutput{Status: types.ChangeSetStatusCreateInProgress}
	if time.Since(c.start) < c.made {
		return out, nil
	}
	out.Status, out.ExecutionStatus = c.status, types.ExecutionStatusAvailable
	if c.reason != "" {
		out.StatusReason = &c.reason
	}
	page := len(aws.ToString(in.NextToken))
	if c.lossy && aws.ToBool(in.IncludePropertyValues) {
		out.StatusReason = aws.String("[WARN] --include-property-values option can return incomplete ChangeSet data because: some resources are missing")
		if page == len(c.pages)-1 {
			return out, nil
		}
	}
	if page < len(c.pages) {
		for _, r := range c.pages[page] {
			out.Changes = append(out.Changes, types.Change{Type: types.ChangeTypeResource, ResourceChange: &r})
		}
	}
	if page+1 < len(c.pages) {
		out.NextToken = aws.String(strings.Repeat("x", page+1))
	}
	return out, nil
}

func change(action types.ChangeAction, id string, replacement types.Replacement, details ...types.ResourceChangeDetail) types.ResourceChange {
	return types.ResourceChange{Action: action, LogicalResourceId: &id, ResourceType: aws.String("AWS::X::" + id), Replacement: replacement, Details: details}
}

var request = stack.Request{
	Name: stackName, Template: "Resources: {}", Description: "renpyctl 1.2.3",
	Parameters: map[string]string{"Stage": "dev", "Architecture": "arm64"}, Tags: map[string]string{"renpyctl:stage": "dev"},
}

func TestProposeAsksForTheRightChangeSet(t *testing.T) {
	for _, c := range []struct {
		status    stack.Status
		kind      types.ChangeSetType
		onFailure types.OnStackFailure
	}{
		{stack.None, types.ChangeSetTypeCreate, types.OnStackFailureDelete},
		{stack.ReviewInProgress, types.ChangeSetTypeCreate, types.OnStackFailureDelete}, // an empty shell
		{"CREATE_COMPLETE", types.ChangeSetTypeUpdate, ""},
		{stack.UpdateRollbackDone, types.ChangeSetTypeUpdate, ""},
	} {
		set := newChangeSet(t)
		plan, err := set.engine.Propose(t.Context(), stack.Stack{Status: c.status}, request)
		if err != nil {
			t.Fatal(err)
		}
		if plan.ChangeSetID != changeSetID || plan.StackID != stackID || plan.Create != (c.kind == types.ChangeSetTypeCreate) {
			t.Errorf("%s: plan %+v", c.status, plan)
		}
		in := awsfake.Inputs[cloudformation.CreateChangeSetInput](set.Fake)[0]
		if in.ChangeSetType != c.kind || in.OnStackFailure != c.onFailure {
			t.Errorf("%s: asked for %s, on failure %q", c.status, in.ChangeSetType, in.OnStackFailure)
		}
		if !slices.Equal(in.Capabilities, []types.Capability{types.CapabilityCapabilityIam}) {
			t.Errorf("capabilities %v", in.Capabilities)
		}
		if len(in.Parameters) != 2 || *in.Parameters[0].ParameterKey != "Architecture" || *in.Parameters[1].ParameterValue != "dev" || len(in.Tags) != 1 {
			t.Errorf("parameters %v, tags %v", in.Parameters, in.Tags)
		}

		awsfake.On(set.Fake, func(*cloudformation.ExecuteChangeSetInput) (*cloudformation.ExecuteChangeSetOutput, error) {
			return &cloudformation.ExecuteChangeSetOutput{}, nil
		})
		if err := set.engine.Execute(t.Context(), plan); err != nil {
			t.Fatal(err)
		}
		// DisableRollback may not be combined with OnStackFailure (SDK, ExecuteChangeSetInput).
		exec := awsfake.Inputs[cloudformation.ExecuteChangeSetInput](set.Fake)[0]
		if plan.Create != (exec.DisableRollback == nil) || aws.ToBool(exec.DisableRollback) || aws.ToString(exec.ClientRequestToken) == "" {
			t.Errorf("%s: executed with %+v", c.status, exec)
		}
	}
}

// A plan is every change of every page, told apart by what it means for players.
func TestProposeReadsTheChanges(t *testing.T) {
	detail := func(d types.ResourceTargetDefinition, source types.ChangeSource, by string) types.ResourceChangeDetail {
		return types.ResourceChangeDetail{Target: &d, ChangeSource: source, CausingEntity: aws.String(by)}
	}
	code := types.ResourceTargetDefinition{
		Attribute: types.ResourceAttributeProperties, Name: aws.String("Code"), Path: aws.String("/Properties/Code/S3Key"),
		BeforeValue: aws.String("code/a.zip"), AfterValue: aws.String("code/b.zip"), RequiresRecreation: types.RequiresRecreationNever,
	}
	for _, lossy := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			set := newChangeSet(t)
			set.made, set.lossy = 3*second, lossy
			set.pages = [][]types.ResourceChange{
				{change(types.ChangeActionAdd, "New", ""), change(types.ChangeActionRemove, "Old", "")},
				{change(types.ChangeActionModify, "Function", types.ReplacementFalse,
					detail(code, types.ChangeSourceDirectModification, ""),
					detail(code, types.ChangeSourceDirectModification, ""), // once more for another reason
					detail(types.ResourceTargetDefinition{Attribute: types.ResourceAttributeProperties, Name: aws.String("Role")}, types.ChangeSourceResourceAttribute, "SyncPlanRole.Arn"),
					detail(types.ResourceTargetDefinition{Attribute: types.ResourceAttributeTags}, types.ChangeSourceDirectModification, ""),
				)},
				{change(types.ChangeActionModify, "Table", types.ReplacementTrue), change(types.ChangeActionModify, "Pool", types.ReplacementConditional),
					change(types.ChangeActionDynamic, "Unknown", ""), change(types.ChangeActionImport, "Kept", "")},
			}
			plan, err := set.engine.Propose(t.Context(), stack.Stack{Status: "CREATE_COMPLETE"}, request)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, c := range plan.Changes {
				line := fmt.Sprint(c.Action, " ", c.LogicalID)
				if c.Conditional {
					line += " perhaps"
				}
				for _, d := range c.Details {
					line += fmt.Sprintf("; %s %s>%s by %q", d.Path, d.Before, d.After, d.Because)
				}
				got = append(got, line)
			}
			want := []string{
				"add New", "remove Old",
				`modify Function; Properties.Code.S3Key code/a.zip>code/b.zip by ""; Properties.Role > by "SyncPlanRole"; Tags > by ""`,
				"replace Table", "replace Pool perhaps", "replace Unknown perhaps", "add Kept",
			}
			if !slices.Equal(got, want) {
				t.Errorf("lossy %v: got\n%s\nwant\n%s", lossy, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			if late := time.Since(set.start) - set.made; late > second {
				t.Errorf("known %s after it was made", late)
			}
		})
	}
}

// What cannot be made leaves nothing behind: neither the change set nor the
// empty stack that was made to hold it.
func TestProposeLeavesNothingBehind(t *testing.T) {
	const noChanges = "The submitted information didn't contain changes. Submit different information to create a change set."
	for _, c := range []struct {
		what   string
		status stack.Status
		reason string
		state  types.StackStatus // of the stack afterwards
		check  func(error) bool
		clean  []string
	}{
		{"no changes", "UPDATE_COMPLETE", noChanges, "UPDATE_COMPLETE", func(err error) bool { return errors.Is(err, stack.ErrNoChanges) },
			[]string{"DeleteChangeSet"}},
		{"no changes, as said of templates with transforms", "UPDATE_COMPLETE", "No updates are to be performed.", "UPDATE_COMPLETE",
			func(err error) bool { return errors.Is(err, stack.ErrNoChanges) }, []string{"DeleteChangeSet"}},
		{"no changes in a new stack's shell", stack.None, noChanges, "REVIEW_IN_PROGRESS", func(err error) bool { return errors.Is(err, stack.ErrNoChanges) },
			[]string{"DeleteChangeSet", "DescribeStacks", "DeleteStack"}},
		{"refused for an update", "UPDATE_COMPLETE", "Transform AWS::X failed", "UPDATE_COMPLETE", func(err error) bool {
			e, ok := errors.AsType[*stack.RefusedError](err)
			return ok && e.Reason == "Transform AWS::X failed" && len(e.Findings) == 0
		}, []string{"DescribeEvents", "DeleteChangeSet"}},
		{"refused for a new stack", stack.None, "Template error", "REVIEW_IN_PROGRESS", func(err error) bool { _, ok := errors.AsType[*stack.RefusedError](err); return ok },
			[]string{"DescribeEvents", "DeleteChangeSet", "DescribeStacks", "DeleteStack"}},
		{"refused, and somebody has begun to use the stack", stack.None, "Template error", "CREATE_IN_PROGRESS", func(err error) bool { _, ok := errors.AsType[*stack.RefusedError](err); return ok },
			[]string{"DescribeEvents", "DeleteChangeSet", "DescribeStacks"}},
	} {
		set := newChangeSet(t)
		set.status, set.reason, set.state = types.ChangeSetStatusFailed, c.reason, c.state
		plan, err := set.engine.Propose(t.Context(), stack.Stack{Status: c.status}, request)
		if plan != nil || !c.check(err) {
			t.Errorf("%s: plan %v, error %v", c.what, plan, err)
		}
		if got := set.Operations()[2:]; !slices.Equal(got, c.clean) {
			t.Errorf("%s: then %v, want %v", c.what, got, c.clean)
		}
	}
}

// An interruption while the change set is made clears it away all the same.
func TestProposeInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := newChangeSet(t)
		set.made, set.state = time.Minute, "REVIEW_IN_PROGRESS"
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(5*second, cancel)
		if _, err := set.engine.Propose(ctx, stack.Stack{}, request); !errors.Is(err, context.Canceled) {
			t.Errorf("gave %v", err)
		}
		ops := set.Operations()
		if got, want := ops[len(ops)-3:], []string{"DeleteChangeSet", "DescribeStacks", "DeleteStack"}; !slices.Equal(got, want) {
			t.Errorf("then %v, want %v", got, want)
		}
	})
}

// Whoever executes a change set drops all others of the stack.
func TestProposeOvertaken(t *testing.T) {
	set := newChangeSet(t)
	awsfake.On(set.Fake, func(in *cloudformation.DescribeChangeSetInput) (*cloudformation.DescribeChangeSetOutput, error) {
		return nil, awsfake.Error{Code: "ChangeSetNotFound", Message: "ChangeSet [" + *in.ChangeSetName + "] does not exist", Status: 404}
	})
	if _, err := set.engine.Propose(t.Context(), stack.Stack{Status: "CREATE_COMPLETE"}, request); !errors.Is(err, stack.ErrBusy) {
		t.Errorf("gave %v", err)
	}
}

// The cause comes first, also where clearing up fails.
func TestProposeSaysWhatStays(t *testing.T) {
	set := newChangeSet(t)
	set.status, set.reason = types.ChangeSetStatusFailed, "Template error"
	awsfake.On(set.Fake, func(*cloudformation.DeleteChangeSetInput) (*cloudformation.DeleteChangeSetOutput, error) {
		return nil, awsfake.Error{Code: "AccessDenied", Message: "no"}
	})
	_, err := set.engine.Propose(t.Context(), stack.Stack{Status: "CREATE_COMPLETE"}, request)
	if _, ok := errors.AsType[*stack.RefusedError](err); !ok || !strings.Contains(err.Error(), "and the change set stays") {
		t.Errorf("gave %v", err)
	}
}

func TestProposeSitsOutThrottling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := newChangeSet(t)
		set.made = 2 * second
		throttled := throttle(second, 20*second)
		awsfake.On(set.Fake, func(in *cloudformation.DescribeChangeSetInput) (*cloudformation.DescribeChangeSetOutput, error) {
			if err := throttled(time.Since(set.start)); err != nil {
				return nil, err
			}
			return set.describe(in)
		})
		if _, err := set.engine.Propose(t.Context(), stack.Stack{Status: "CREATE_COMPLETE"}, request); err != nil {
			t.Error(err)
		}
	})
}

// What early validation and hooks found is told where DescribeEvents may be called.
func TestProposeTellsFindings(t *testing.T) {
	set := newChangeSet(t)
	set.status = types.ChangeSetStatusFailed
	set.reason = "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]. To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information."
	awsfake.On(set.Fake, func(in *cloudformation.DescribeEventsInput) (*cloudformation.DescribeEventsOutput, error) {
		if in.NextToken == nil {
			return &cloudformation.DescribeEventsOutput{NextToken: aws.String("2")}, nil
		}
		return &cloudformation.DescribeEventsOutput{OperationEvents: []types.OperationEvent{
			{EventType: types.EventTypeStackEvent},
			{LogicalResourceId: aws.String("SyncPlanLogGroup"), ValidationPath: aws.String("/Resources/SyncPlanLogGroup"),
				ValidationStatusReason: aws.String("Resource of type 'AWS::Logs::LogGroup' with identifier '/aws/lambda/x' already exists.")},
			{LogicalResourceId: aws.String("X"), HookStatusReason: aws.String("not tagged")},
		}}, nil
	})
	_, err := set.engine.Propose(t.Context(), stack.Stack{Status: "CREATE_COMPLETE"}, request)
	e, ok := errors.AsType[*stack.RefusedError](err)
	if !ok || len(e.Findings) != 2 || e.Findings[0].Path != "/Resources/SyncPlanLogGroup" || e.Findings[1].Text != "not tagged" {
		t.Fatalf("gave %#v", err)
	}
	if want := "CloudFormation refuses the change: SyncPlanLogGroup: Resource of type 'AWS::Logs::LogGroup' with identifier '/aws/lambda/x' already exists"; err.Error() != want {
		t.Errorf("says %q, want %q", err.Error(), want)
	}
}

func TestRecall(t *testing.T) {
	for _, c := range []struct {
		what      string
		status    types.ChangeSetStatus
		execution types.ExecutionStatus
		err       error
		want      error
	}{
		{"as it was", types.ChangeSetStatusCreateComplete, types.ExecutionStatusAvailable, nil, nil},
		{"the stack has changed since", types.ChangeSetStatusCreateComplete, types.ExecutionStatusObsolete, nil, stack.ErrStale},
		{"executed by somebody", types.ChangeSetStatusCreateComplete, types.ExecutionStatusExecuteComplete, nil, stack.ErrStale},
		{"being deleted", types.ChangeSetStatusDeleteInProgress, types.ExecutionStatusUnavailable, nil, stack.ErrStale},
		{"deleted", "", "", awsfake.Error{Code: "ChangeSetNotFound", Message: "ChangeSet [x] does not exist", Status: 404}, stack.ErrStale},
	} {
		set := newChangeSet(t)
		awsfake.On(set.Fake, func(*cloudformation.DescribeChangeSetInput) (*cloudformation.DescribeChangeSetOutput, error) {
			return &cloudformation.DescribeChangeSetOutput{Status: c.status, ExecutionStatus: c.execution}, c.err
		})
		if _, err := set.engine.Recall(t.Context(), &stack.Plan{ChangeSetID: changeSetID, StackID: stackID}); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", c.what, err, c.want)
		}
	}
}

func TestDescribe(t *testing.T) {
	at := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		what, name string
		state      types.StackStatus
		err        error
		want       error
	}{
		{"there", stackName, "UPDATE_COMPLETE", nil, nil},
		{"not there", stackName, "", awsfake.Error{Code: "ValidationError", Message: "Stack with id renpy-cloud-dev does not exist"}, stack.ErrNotFound},
		{"deleted, by its name", stackName, "DELETE_COMPLETE", nil, stack.ErrNotFound},
		{"deleted, by its id, as long as it is remembered", stackID, "DELETE_COMPLETE", nil, nil},
	} {
		fake := awsfake.New(t)
		awsfake.On(fake, func(in *cloudformation.DescribeStacksInput) (*cloudformation.DescribeStacksOutput, error) {
			return &cloudformation.DescribeStacksOutput{Stacks: []types.Stack{{
				StackId: aws.String(stackID), StackName: aws.String(stackName), StackStatus: c.state, StackStatusReason: aws.String("why"),
				CreationTime: &at, EnableTerminationProtection: aws.Bool(true),
				Outputs:    []types.Output{{OutputKey: aws.String("Region"), OutputValue: aws.String("eu-west-1")}},
				Parameters: []types.Parameter{{ParameterKey: aws.String("Stage"), ParameterValue: aws.String("dev")}},
				Tags:       []types.Tag{{Key: aws.String("renpyctl:stage"), Value: aws.String("dev")}},
			}}}, c.err
		})
		got, err := stack.New(cloudformation.NewFromConfig(fake.Config())).Describe(t.Context(), c.name)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.what, err, c.want)
		}
		if c.want == nil && (got.ID != stackID || got.Status != stack.Status(c.state) || got.Reason != "why" || !got.Created.Equal(at) || !got.Updated.IsZero() ||
			!got.TerminationProtection || got.Outputs["Region"] != "eu-west-1" || got.Parameters["Stage"] != "dev" || got.Tags["renpyctl:stage"] != "dev") {
			t.Errorf("%s: %+v", c.what, got)
		}
	}
	fake := awsfake.New(t)
	awsfake.On(fake, func(*cloudformation.DescribeStacksInput) (*cloudformation.DescribeStacksOutput, error) {
		return nil, awsfake.Error{Code: "AccessDenied", Message: "no"}
	})
	if _, err := stack.New(cloudformation.NewFromConfig(fake.Config())).Describe(t.Context(), stackName); errors.Is(err, stack.ErrNotFound) || cloud.KindOf(err) != cloud.Denied {
		t.Errorf("a stack that may not be read counts as none: %v", err)
	}
}

// Every status of CloudFormation's list (SDK, types.StackStatus) and what it allows.
func TestStatus(t *testing.T) {
	for _, s := range types.StackStatus("").Values() {
		status := stack.Status(s)
		inProgress := strings.HasSuffix(string(s), "IN_PROGRESS") && s != "REVIEW_IN_PROGRESS"
		if status.InProgress() != inProgress {
			t.Errorf("%s: InProgress %v", s, status.InProgress())
		}
		updatable := slices.Contains([]types.StackStatus{"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"}, s)
		if status.Updatable() != updatable {
			t.Errorf("%s: Updatable %v", s, status.Updatable())
		}
		if good := strings.HasSuffix(string(s), "_COMPLETE") && !strings.Contains(string(s), "ROLLBACK") && s != "DELETE_COMPLETE"; status.Settled() != good {
			t.Errorf("%s: Settled %v", s, status.Settled())
		}
		if failed := strings.Contains(string(s), "ROLLBACK") || strings.HasSuffix(string(s), "FAILED"); status.Failed() != failed {
			t.Errorf("%s: Failed %v", s, status.Failed())
		}
	}
}

func TestResourcesAndTemplate(t *testing.T) {
	fake := awsfake.New(t)
	engine := stack.New(cloudformation.NewFromConfig(fake.Config()))
	awsfake.On(fake, func(in *cloudformation.ListStackResourcesInput) (*cloudformation.ListStackResourcesOutput, error) {
		summary := func(id string, status types.ResourceStatus) types.StackResourceSummary {
			return types.StackResourceSummary{LogicalResourceId: &id, PhysicalResourceId: aws.String("p-" + id), ResourceType: aws.String("T"), ResourceStatus: status}
		}
		if in.NextToken == nil {
			return &cloudformation.ListStackResourcesOutput{NextToken: aws.String("2"), StackResourceSummaries: []types.StackResourceSummary{summary("Gone", "DELETE_COMPLETE"), summary("A", "CREATE_COMPLETE")}}, nil
		}
		return &cloudformation.ListStackResourcesOutput{StackResourceSummaries: []types.StackResourceSummary{summary("B", "UPDATE_FAILED")}}, nil
	})
	list, err := engine.Resources(t.Context(), stackName)
	if want := []stack.Resource{{LogicalID: "A", PhysicalID: "p-A", Type: "T", Status: "CREATE_COMPLETE"}, {LogicalID: "B", PhysicalID: "p-B", Type: "T", Status: "UPDATE_FAILED"}}; err != nil || !slices.Equal(list, want) {
		t.Errorf("resources %+v, %v; want %+v", list, err, want)
	}
	if broken := stack.Broken(list); len(broken) != 1 || broken[0].LogicalID != "B" {
		t.Errorf("broken %+v", broken)
	}
	awsfake.On(fake, func(in *cloudformation.GetTemplateInput) (*cloudformation.GetTemplateOutput, error) {
		return &cloudformation.GetTemplateOutput{TemplateBody: aws.String(string(in.TemplateStage))}, nil
	})
	if text, err := engine.Template(t.Context(), stackName); err != nil || text != "Original" {
		t.Errorf("template of the stage %q, %v; want the one that was given", text, err)
	}
}
