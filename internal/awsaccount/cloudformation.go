package awsaccount

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
)

// Stack is a stack of an [Account].
type Stack struct {
	ID, Reason string
	Status     stack.Status
	Template   string
	Parameters []types.Parameter
	Tags       []types.Tag
	Events     []types.StackEvent // newest first, as they are listed
	Resources  map[string]types.StackResourceSummary
	Policy     string
	Policies   []string // all that were ever set
	Protected  bool
	Role       string
	Operations map[string]bool // by their tokens: repeated requests do nothing
	Name       string          // "" for that of stage dev
	Unreadable error           // of a neighbour: why nobody can read it
}

// ChangeSet is a change set of a [Stack].
type ChangeSet struct {
	ID, Token, Status, Reason, Execution, Role string

	Created    time.Time
	Create     bool
	Stack      *Stack
	Template   string
	Parameters []types.Parameter
	Tags       []types.Tag
	Changes    []types.Change
}

// Change is a change of the next change set.
type Change = types.ResourceChange

// OperationTime is how long CloudFormation takes.
const OperationTime = 5 * time.Second

func validation(format string, args ...any) error {
	return awsfake.Error{Code: "ValidationError", Message: fmt.Sprintf(format, args...)}
}

// Current is the stack that has the name, nil for none.
func (a *Account) Current() *Stack {
	if len(a.Stacks) == 0 {
		return nil
	}
	s := a.Stacks[len(a.Stacks)-1]
	if s.Status == stack.DeleteComplete {
		return nil
	}
	return s
}

// find looks a stack up by its name, or by its id even when it is deleted.
func (a *Account) find(nameOrID *string) (*Stack, error) {
	for _, s := range a.Stacks {
		if s.ID == *nameOrID {
			return s, nil
		}
	}
	if s := a.Current(); s != nil && *nameOrID == "renpy-cloud-dev" {
		return s, nil
	}
	for _, s := range a.Neighbours {
		if s.Name == *nameOrID {
			return s, s.Unreadable
		}
	}
	return nil, validation("Stack with id %s does not exist", *nameOrID)
}

// Event adds an event; one without a logical id is the stack's own.
func (a *Account) Event(s *Stack, logicalID string, status stack.Status, reason string) {
	ev := types.StackEvent{
		EventId: aws.String(fmt.Sprintf("e%d", len(s.Events))), StackId: &s.ID, StackName: aws.String("renpy-cloud-dev"),
		Timestamp: aws.Time(time.Now()), ResourceStatus: types.ResourceStatus(status), ResourceStatusReason: &reason,
		LogicalResourceId: &logicalID, PhysicalResourceId: aws.String(Physical(logicalID)), ResourceType: aws.String(ResourceTypes[logicalID]),
	}
	if logicalID == "" {
		s.Status, s.Reason = status, reason
		ev.LogicalResourceId, ev.PhysicalResourceId, ev.ResourceType = aws.String("renpy-cloud-dev"), &s.ID, aws.String("AWS::CloudFormation::Stack")
	} else {
		s.Resources[logicalID] = types.StackResourceSummary{
			LogicalResourceId: &logicalID, PhysicalResourceId: ev.PhysicalResourceId, ResourceType: ev.ResourceType,
			ResourceStatus: ev.ResourceStatus, ResourceStatusReason: &reason, LastUpdatedTimestamp: ev.Timestamp,
		}
	}
	s.Events = append([]types.StackEvent{ev}, s.Events...)
}

// ResourceTypes are the resources that have a life of their own in an [Account].
var ResourceTypes = map[string]string{
	cfn.UserPool: "AWS::Cognito::UserPool", cfn.UserPoolClient: "AWS::Cognito::UserPoolClient", cfn.ManifestTable: "AWS::DynamoDB::Table",
	cfn.SaveFilesBucket: "AWS::S3::Bucket", cfn.HTTPAPI: "AWS::ApiGatewayV2::Api", "SyncPlanRole": "AWS::IAM::Role",
	cfn.SyncPlanFunction: "AWS::Lambda::Function", cfn.SyncCompleteFunction: "AWS::Lambda::Function",
}

// Physical is the name in AWS of the resource of a logical id.
func Physical(logicalID string) string {
	return map[string]string{
		cfn.UserPool: "eu-west-1_AbCdEf123", cfn.UserPoolClient: "4h57kk1v0s9d", cfn.ManifestTable: "renpy-cloud-dev-ManifestTable-1X",
		cfn.SaveFilesBucket: "renpy-cloud-dev-savefilesbucket-1x", cfn.HTTPAPI: "k3j9x", "SyncPlanRole": "renpy-cloud-dev-SyncPlanRole-1X",
		cfn.SyncPlanFunction: "renpy-cloud-dev-syncPlan", cfn.SyncCompleteFunction: "renpy-cloud-dev-syncComplete",
	}[logicalID]
}

// resources are their logical ids in the order in which they are created.
func resources() []string {
	return []string{cfn.UserPool, cfn.UserPoolClient, cfn.ManifestTable, cfn.SaveFilesBucket, "SyncPlanRole", cfn.SyncPlanFunction, cfn.SyncCompleteFunction, cfn.HTTPAPI}
}

func (a *Account) cloudFormation() {
	awsfake.On(a.Fake, a.describeStacks)
	awsfake.On(a.Fake, a.createChangeSet)
	awsfake.On(a.Fake, a.executeChangeSet)
	awsfake.On(a.Fake, a.deleteStack)
	awsfake.On(a.Fake, func(in *cloudformation.GetTemplateInput) (*cloudformation.GetTemplateOutput, error) {
		s, err := a.find(in.StackName)
		if err != nil {
			return nil, err
		}
		if s.Template == "" { // of an empty stack there is none (cdklabs/awscdk-v1-stack-finder#273)
			return &cloudformation.GetTemplateOutput{}, nil
		}
		return &cloudformation.GetTemplateOutput{TemplateBody: &s.Template}, nil
	})
	awsfake.On(a.Fake, func(in *cloudformation.DescribeStackEventsInput) (*cloudformation.DescribeStackEventsOutput, error) {
		s, err := a.find(in.StackName)
		if err != nil {
			return nil, err
		}
		return &cloudformation.DescribeStackEventsOutput{StackEvents: s.Events}, nil
	})
	awsfake.On(a.Fake, func(in *cloudformation.ListStackResourcesInput) (*cloudformation.ListStackResourcesOutput, error) {
		s, err := a.find(in.StackName)
		if err != nil {
			return nil, err
		}
		out := &cloudformation.ListStackResourcesOutput{}
		for _, id := range resources() {
			if r, ok := s.Resources[id]; ok {
				out.StackResourceSummaries = append(out.StackResourceSummaries, r)
			}
		}
		return out, nil
	})
	awsfake.On(a.Fake, func(in *cloudformation.DescribeStackResourcesInput) (*cloudformation.DescribeStackResourcesOutput, error) {
		owner := a.Owners[*in.PhysicalResourceId]
		if s := a.Current(); owner == "" && s != nil {
			for _, r := range s.Resources {
				if *r.PhysicalResourceId == *in.PhysicalResourceId {
					owner = s.ID
				}
			}
		}
		if owner == "" {
			return nil, validation("Stack for %s does not exist", *in.PhysicalResourceId)
		}
		return &cloudformation.DescribeStackResourcesOutput{StackResources: []types.StackResource{{StackId: &owner}}}, nil
	})
	awsfake.On(a.Fake, func(in *cloudformation.DescribeChangeSetInput) (*cloudformation.DescribeChangeSetOutput, error) {
		cs, ok := a.ChangeSets[*in.ChangeSetName]
		if !ok {
			return nil, noChangeSet(*in.ChangeSetName)
		}
		return &cloudformation.DescribeChangeSetOutput{
			ChangeSetId: &cs.ID, StackId: &cs.Stack.ID, Status: types.ChangeSetStatus(cs.Status), StatusReason: &cs.Reason,
			ExecutionStatus: types.ExecutionStatus(cs.Execution), Changes: cs.Changes, Parameters: cs.Parameters, Tags: cs.Tags,
		}, nil
	})
	awsfake.On(a.Fake, func(in *cloudformation.ListChangeSetsInput) (*cloudformation.ListChangeSetsOutput, error) {
		s, err := a.find(in.StackName)
		if err != nil {
			return nil, err
		}
		out := &cloudformation.ListChangeSetsOutput{}
		for _, cs := range a.ChangeSets {
			if cs.Stack == s {
				out.Summaries = append(out.Summaries, types.ChangeSetSummary{
					ChangeSetId: &cs.ID, ChangeSetName: &strings.Split(cs.ID, "/")[1], CreationTime: &cs.Created,
					Status: types.ChangeSetStatus(cs.Status), ExecutionStatus: types.ExecutionStatus(cs.Execution),
				})
			}
		}
		return out, nil
	})
	awsfake.On(a.Fake, func(in *cloudformation.DeleteChangeSetInput) (*cloudformation.DeleteChangeSetOutput, error) {
		delete(a.ChangeSets, *in.ChangeSetName) // one that does not exist is no error (API reference)
		return &cloudformation.DeleteChangeSetOutput{}, nil
	})
	awsfake.On(a.Fake, func(in *cloudformation.DescribeEventsInput) (*cloudformation.DescribeEventsOutput, error) {
		return &cloudformation.DescribeEventsOutput{}, nil
	})
	awsfake.On(a.Fake, func(in *cloudformation.SetStackPolicyInput) (*cloudformation.SetStackPolicyOutput, error) {
		s, err := a.find(in.StackName)
		if err == nil {
			s.Policy, s.Policies = *in.StackPolicyBody, append(s.Policies, *in.StackPolicyBody)
		}
		return &cloudformation.SetStackPolicyOutput{}, err
	})
	awsfake.On(a.Fake, func(*cloudformation.ListStacksInput) (*cloudformation.ListStacksOutput, error) {
		out := &cloudformation.ListStacksOutput{}
		for _, s := range slices.Concat(a.Stacks, a.Neighbours) {
			out.StackSummaries = append(out.StackSummaries, types.StackSummary{
				StackName: aws.String(cmp.Or(s.Name, "renpy-cloud-dev")), StackStatus: types.StackStatus(s.Status),
			})
		}
		return out, nil
	})
	awsfake.On(a.Fake, func(in *cloudformation.GetStackPolicyInput) (*cloudformation.GetStackPolicyOutput, error) {
		s, err := a.find(in.StackName)
		if err != nil || s.Policy == "" {
			return &cloudformation.GetStackPolicyOutput{}, err
		}
		return &cloudformation.GetStackPolicyOutput{StackPolicyBody: &s.Policy}, nil
	})
	awsfake.On(a.Fake, func(in *cloudformation.UpdateTerminationProtectionInput) (*cloudformation.UpdateTerminationProtectionOutput, error) {
		s, err := a.find(in.StackName)
		if err == nil {
			s.Protected = *in.EnableTerminationProtection
		}
		return &cloudformation.UpdateTerminationProtectionOutput{}, err
	})
	awsfake.On(a.Fake, func(in *cloudformation.ContinueUpdateRollbackInput) (*cloudformation.ContinueUpdateRollbackOutput, error) {
		s, err := a.find(in.StackName)
		if err != nil {
			return nil, err
		}
		if a.Fails != "" && slices.Contains(in.ResourcesToSkip, a.Fails) {
			a.Fails = ""
		}
		return &cloudformation.ContinueUpdateRollbackOutput{}, a.rollBack(s, "UPDATE_ROLLBACK_IN_PROGRESS")
	})
	awsfake.On(a.Fake, func(in *cloudformation.RollbackStackInput) (*cloudformation.RollbackStackOutput, error) {
		s, err := a.find(in.StackName)
		if err != nil {
			return nil, err
		}
		return &cloudformation.RollbackStackOutput{}, a.rollBack(s, "UPDATE_ROLLBACK_IN_PROGRESS")
	})
}

func (a *Account) describeStacks(in *cloudformation.DescribeStacksInput) (*cloudformation.DescribeStacksOutput, error) {
	s, err := a.find(in.StackName)
	if err != nil {
		return nil, err
	}
	out := s.Described()
	if a.Stale > 0 && s.Status != stack.ReviewInProgress {
		a.Stale--
		out.Stacks[0].StackStatus = types.StackStatusReviewInProgress
	}
	return out, nil
}

// Described is the stack as DescribeStacks shows it.
func (s *Stack) Described() *cloudformation.DescribeStacksOutput {
	out := types.Stack{
		StackId: &s.ID, StackName: aws.String(cmp.Or(s.Name, "renpy-cloud-dev")), StackStatus: types.StackStatus(s.Status), StackStatusReason: &s.Reason,
		CreationTime: aws.Time(time.Now()), Parameters: s.Parameters, Tags: s.Tags, EnableTerminationProtection: &s.Protected,
	}
	if s.Role != "" {
		out.RoleARN = &s.Role
	}
	if s.Template != "" {
		out.Outputs = []types.Output{
			{OutputKey: aws.String(cfn.OutputAPIEndpoint), OutputValue: aws.String("https://k3j9x.execute-api.eu-west-1.amazonaws.com")},
			{OutputKey: aws.String(cfn.OutputUserPoolID), OutputValue: aws.String(Physical(cfn.UserPool))},
			{OutputKey: aws.String(cfn.OutputAppClientID), OutputValue: aws.String(Physical(cfn.UserPoolClient))},
			{OutputKey: aws.String(cfn.OutputManifestTableName), OutputValue: aws.String(Physical(cfn.ManifestTable))},
			{OutputKey: aws.String(cfn.OutputSaveFilesBucketName), OutputValue: aws.String(Physical(cfn.SaveFilesBucket))},
		}
	}
	return &cloudformation.DescribeStacksOutput{Stacks: []types.Stack{out}}
}

func noChangeSet(name string) error {
	// aws/serverless-application-model#52
	return awsfake.Error{Code: "ChangeSetNotFound", Message: fmt.Sprintf("ChangeSet [%s] does not exist", name), Status: 404}
}

// notNow is the refusal of whatever a stack's state does not allow (jenseickmeyer/todo-app-nodejs#5).
func notNow(s *Stack, verb string) error {
	return validation("Stack:%s is in %s state and can not be %s.", s.ID, s.Status, verb)
}

func (a *Account) createChangeSet(in *cloudformation.CreateChangeSetInput) (*cloudformation.CreateChangeSetOutput, error) {
	for _, cs := range a.ChangeSets {
		if cs.Token == *in.ClientToken { // the same request again
			return &cloudformation.CreateChangeSetOutput{Id: &cs.ID, StackId: &cs.Stack.ID}, nil
		}
	}
	s, create := a.Current(), in.ChangeSetType == types.ChangeSetTypeCreate
	switch {
	case create && s == nil:
		a.Created["stack"]++
		s = &Stack{
			ID:        fmt.Sprintf("arn:aws:cloudformation:%s:%s:stack/renpy-cloud-dev/%d", Region, ID, len(a.Stacks)+1),
			Resources: map[string]types.StackResourceSummary{}, Operations: map[string]bool{}, Tags: in.Tags,
		}
		a.Stacks = append(a.Stacks, s)
		a.Event(s, "", stack.ReviewInProgress, "User Initiated")
	case create && s.Status != stack.ReviewInProgress:
		return nil, validation("Stack [renpy-cloud-dev] already exists and cannot be created again with the ChangeSet [%s].", *in.ChangeSetName)
	case !create && s == nil:
		return nil, validation("Stack [renpy-cloud-dev] does not exist")
	case !create && !s.Status.Updatable():
		return nil, notNow(s, "updated")
	}
	a.RevertsDrift = in.DeploymentMode == types.DeploymentModeRevertDrift
	parameters := withDefaults(in.Parameters)
	cs := &ChangeSet{
		ID: fmt.Sprintf("arn:aws:cloudformation:%s:%s:ChangeSet/%s/1", Region, ID, *in.ChangeSetName), Token: *in.ClientToken,
		Status: "CREATE_COMPLETE", Execution: "AVAILABLE", Create: create, Created: time.Now(), Stack: s,
		Template: *in.TemplateBody, Parameters: parameters, Tags: in.Tags, Role: aws.ToString(in.RoleARN),
	}
	for _, c := range a.differences(cs) {
		cs.Changes = append(cs.Changes, types.Change{Type: types.ChangeTypeResource, ResourceChange: &c})
	}
	switch {
	case a.Refuses != "":
		cs.Status, cs.Execution, cs.Reason = "FAILED", "UNAVAILABLE", a.Refuses
	case !create && len(cs.Changes) == 0 && cs.Template == s.Template && sameParameters(cs.Parameters, s.Parameters):
		// aws/aws-cdk-cli and aws-cloudformation/rain know the same.
		cs.Status, cs.Execution = "FAILED", "UNAVAILABLE"
		cs.Reason = "The submitted information didn't contain changes. Submit different information to create a change set."
	}
	a.ChangeSets[cs.ID] = cs
	return &cloudformation.CreateChangeSetOutput{Id: &cs.ID, StackId: &s.ID}, nil
}

// withDefaults adds the template's defaults for the parameters that are not
// given: a stack is described with all of them.
func withDefaults(given []types.Parameter) []types.Parameter {
	all := slices.Clone(given)
	for _, s := range cfn.Settings() {
		if !slices.ContainsFunc(given, func(p types.Parameter) bool { return *p.ParameterKey == s.Name }) {
			all = append(all, types.Parameter{ParameterKey: &s.Name, ParameterValue: &s.Default})
		}
	}
	return all
}

func values(list []types.Parameter) map[string]string {
	m := map[string]string{}
	for _, p := range list {
		m[*p.ParameterKey] = *p.ParameterValue
	}
	return m
}

// sameParameters compares what is asked for with what there is. The release's
// number counts too: an output of the template refers to it.
func sameParameters(asked, have []types.Parameter) bool {
	was := values(have)
	for k, v := range values(asked) {
		if was[k] != v {
			return false
		}
	}
	return true
}

// differences are the changes of a change set: what was set, or all of a new
// stack, or the functions of one that exists, and what it has lost if it is drift-aware.
func (a *Account) differences(cs *ChangeSet) []Change {
	if a.Changes != nil {
		return a.Changes
	}
	var list []Change
	for _, id := range resources() {
		c := Change{LogicalResourceId: aws.String(id), ResourceType: aws.String(ResourceTypes[id]), Action: types.ChangeActionAdd}
		if !cs.Create && !(a.RevertsDrift && a.lost(id)) {
			if !strings.HasSuffix(id, "LambdaFunction") || sameParameters(cs.Parameters, cs.Stack.Parameters) {
				continue
			}
			c.Action, c.Replacement = types.ChangeActionModify, types.ReplacementFalse
		}
		list = append(list, c)
	}
	for _, id := range a.Alarms.Deleted {
		if a.RevertsDrift {
			list = append(list, Change{LogicalResourceId: aws.String(id), ResourceType: aws.String("AWS::CloudWatch::Alarm"), Action: types.ChangeActionAdd})
		}
	}
	return list
}

func (a *Account) executeChangeSet(in *cloudformation.ExecuteChangeSetInput) (*cloudformation.ExecuteChangeSetOutput, error) {
	cs, ok := a.ChangeSets[*in.ChangeSetName]
	switch {
	case ok && cs.Stack.Operations[*in.ClientRequestToken]: // the same request again
		return &cloudformation.ExecuteChangeSetOutput{}, nil
	case !ok:
		return nil, noChangeSet(*in.ChangeSetName)
	case cs.Execution != "AVAILABLE":
		// aws/amazon-chime-sdk-js#1089
		return nil, awsfake.Error{Code: "InvalidChangeSetStatus", Message: fmt.Sprintf(
			"ChangeSet [%s] cannot be executed in its current execution status of [%s]", cs.ID, cs.Execution)}
	case cs.Stack.Status.InProgress():
		return nil, notNow(cs.Stack, "updated")
	}
	cs.Stack.Operations[*in.ClientRequestToken] = true
	for id, other := range a.ChangeSets {
		if other.Stack == cs.Stack && other != cs {
			delete(a.ChangeSets, id)
		}
	}
	cs.Execution = "EXECUTE_COMPLETE"
	verb := "UPDATE"
	if cs.Create {
		verb = "CREATE"
	}
	a.Event(cs.Stack, "", stack.Status(verb+"_IN_PROGRESS"), "User Initiated")
	fails, reason := a.Fails, a.Reason
	a.Later(OperationTime, func() { a.apply(cs, verb, fails, reason) })
	return &cloudformation.ExecuteChangeSetOutput{}, nil
}

// apply makes a stack what its change set says, or as much of it as works.
func (a *Account) apply(cs *ChangeSet, verb, fails, reason string) {
	s := cs.Stack
	if cs.Role != "" { // used for this and every later operation (API reference, CreateChangeSet)
		s.Role = cs.Role
	}
	if !cs.Create && len(cs.Changes) > 0 && fails == "" && (s.Policy == cfn.RemovalPolicy(false) || s.Policy == cfn.RemovalPolicy(true)) {
		fails, reason = *cs.Changes[0].ResourceChange.LogicalResourceId, "Action denied by stack policy"
	}
	for _, c := range cs.Changes {
		id := *c.ResourceChange.LogicalResourceId
		a.Event(s, id, stack.Status(verb+"_IN_PROGRESS"), "")
		if id == fails {
			a.Event(s, id, stack.Status(verb+"_FAILED"), reason)
			// What runs at the same time is cancelled, and may be listed first.
			a.Event(s, "SyncPlanRole", stack.Status(verb+"_FAILED"), "Resource creation cancelled")
			break
		}
		if cs.Create || c.ResourceChange.Action == types.ChangeActionAdd {
			a.Create(id, cs.Parameters)
		}
		a.Event(s, id, stack.Status(verb+"_COMPLETE"), "")
	}
	switch {
	case fails == "":
		s.Template, s.Parameters, s.Tags = cs.Template, cs.Parameters, cs.Tags
		for _, id := range []string{cfn.SyncPlanFunction, cfn.SyncCompleteFunction} {
			a.Create(id, cs.Parameters)
		}
		if !cs.Create {
			a.Event(s, "", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "")
		}
		a.Event(s, "", stack.Status(verb+"_COMPLETE"), "")
	case cs.Create:
		a.Event(s, "", "DELETE_IN_PROGRESS", "The following resource(s) failed to create: ["+fails+"]. Delete requested by user.")
		a.Later(OperationTime, func() { a.TakeDown(s) })
	default:
		a.Event(s, "", "UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed to update: ["+fails+"].")
		a.Later(OperationTime, func() {
			a.Event(s, "", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "")
			a.Event(s, "", stack.UpdateRollbackDone, "")
		})
	}
}

// savesPolicy stands for the policy that the template gives the bucket of saves.
const savesPolicy = `{"Version":"2012-10-17","Statement":[{"Sid":"OnlyTLS","Effect":"Deny","Principal":"*","Action":"s3:*","Condition":{"Bool":{"aws:SecureTransport":"false"}}},{"Sid":"OnlyFreshPresignedURLs"}]}`

// partsOf are the names of what comes and goes with a resource and need only be
// there. Log groups and the second role come with other resources.
func partsOf(id string) []string {
	const (
		planLog, completeLog = "/aws/lambda/renpy-cloud-dev-syncPlan", "/aws/lambda/renpy-cloud-dev-syncComplete"
		accessLog            = "/aws/vendedlogs/renpy-cloud/dev/api-access"
	)
	return map[string][]string{
		cfn.HTTPAPI:              {Physical(id), accessLog},
		cfn.SyncPlanRole:         {Physical(id), completeRole, planLog, completeLog},
		cfn.SyncPlanLogGroup:     {planLog},
		cfn.SyncCompleteLogGroup: {completeLog},
		cfn.APIAccessLogGroup:    {accessLog},
	}[id]
}

const completeRole = "renpy-cloud-dev-SyncCompleteRole-1X"

func parts() []string {
	var all []string
	for _, id := range resources() {
		all = append(all, partsOf(id)...)
	}
	return all
}

// Create makes a resource that has a life of its own. The functions have
// fixed names, so that making them again is updating them.
func (a *Account) Create(id string, parameters []types.Parameter) {
	name := Physical(id)
	for _, name := range partsOf(id) {
		a.Others[name] = true
	}
	a.Alarms.Deleted = slices.DeleteFunc(a.Alarms.Deleted, func(deleted string) bool { return deleted == id })
	value := values(parameters)
	switch id {
	case cfn.UserPool:
		a.Pools[name] = &Pool{Protected: true}
	case cfn.ManifestTable:
		a.Tables[name] = true
	case cfn.SaveFilesBucket:
		a.Buckets[name], a.Policies[name] = map[string][]byte{}, savesPolicy
	case cfn.SaveFilesBucketPolicy:
		a.Policies[Physical(cfn.SaveFilesBucket)] = savesPolicy
	}
	for _, f := range stage.Functions() {
		if f.LogicalID == id {
			a.Functions[name] = a.newFunction(f, value)
		}
	}
}

func (a *Account) deleteStack(in *cloudformation.DeleteStackInput) (*cloudformation.DeleteStackOutput, error) {
	s, err := a.find(in.StackName)
	switch {
	case err != nil || s.Status == stack.DeleteComplete:
		return &cloudformation.DeleteStackOutput{}, nil // one that is gone is no error (API reference)
	case s.Operations[*in.ClientRequestToken]:
		return &cloudformation.DeleteStackOutput{}, nil
	case s.Protected:
		// Wording: CloudFormation user guide, "Protect stacks from being deleted".
		return nil, validation("Stack [%s] cannot be deleted while TerminationProtection is enabled", s.ID)
	case len(in.RetainResources) > 0 && s.Status != stack.DeleteFailed:
		return nil, validation("RetainResources can only be used on stacks in the DELETE_FAILED state")
	case s.Status == stack.ReviewInProgress:
		s.Status = stack.DeleteComplete
		maps.DeleteFunc(a.ChangeSets, func(_ string, cs *ChangeSet) bool { return cs.Stack == s })
		return &cloudformation.DeleteStackOutput{}, nil
	}
	s.Operations[*in.ClientRequestToken] = true
	for _, id := range in.RetainResources {
		delete(s.Resources, id)
		if a.Fails == id {
			a.Fails = ""
		}
	}
	a.Event(s, "", "DELETE_IN_PROGRESS", "User Initiated")
	a.Later(OperationTime, func() { a.TakeDown(s) })
	return &cloudformation.DeleteStackOutput{}, nil
}

// TakeDown ends the deletion of a stack. Resources with RetainExceptOnCreate
// stay, unless it takes back a create: then a protected one is in the way.
func (a *Account) TakeDown(s *Stack) {
	var stuck []string
	for _, id := range resources() {
		r, there := s.Resources[id]
		if !there || r.ResourceStatus == types.ResourceStatusDeleteComplete || r.ResourceStatus == types.ResourceStatusDeleteSkipped {
			continue
		}
		about, _ := cfn.Describe(id)
		switch {
		case about.Protected && a.Skips:
			a.Event(s, id, "DELETE_SKIPPED", "")
		case s.Template == "" && r.ResourceStatus != "DELETE_FAILED" && a.inTheWay(id) != "":
			stuck = append(stuck, id)
			a.Event(s, id, stack.DeleteFailed, a.inTheWay(id))
		case id == a.Fails && s.Template != "":
			stuck = append(stuck, id)
			a.Event(s, id, stack.DeleteFailed, a.Reason)
		case about.Protected && (s.Template != "" || r.ResourceStatus == "DELETE_FAILED"):
			a.Event(s, id, "DELETE_SKIPPED", "")
		default:
			a.destroy(id)
			a.Event(s, id, stack.DeleteComplete, "")
		}
	}
	if len(stuck) > 0 {
		a.Event(s, "", stack.DeleteFailed, fmt.Sprintf("The following resource(s) failed to delete: %v. ", stuck))
		return
	}
	a.Event(s, "", stack.DeleteComplete, "")
}

// inTheWay is why a protected resource cannot be deleted, "" if it can: the
// words of Cognito (localstack/localstack#11947) and DynamoDB (nubo-db/dynoxide#46).
func (a *Account) inTheWay(id string) string {
	pool, table := a.Pools[Physical(id)], a.Tables[Physical(id)]
	switch {
	case pool != nil && pool.Protected:
		return "The user pool cannot be deleted because deletion protection is activated. Deletion protection must be inactivated first."
	case table:
		return "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first."
	}
	return ""
}

// lost tells whether somebody has deleted a resource, or what comes and goes with it.
func (a *Account) lost(id string) bool {
	name := Physical(id)
	switch id {
	case cfn.UserPool:
		return a.Pools[name] == nil
	case cfn.ManifestTable:
		_, there := a.Tables[name]
		return !there
	case cfn.SaveFilesBucket:
		return a.Buckets[name] == nil
	case cfn.SyncPlanFunction, cfn.SyncCompleteFunction:
		return a.Functions[name] == nil
	}
	return slices.ContainsFunc(partsOf(id), func(part string) bool { return !a.Others[part] })
}

func (a *Account) destroy(id string) {
	name := Physical(id)
	delete(a.Functions, name)
	delete(a.Tables, name)
	delete(a.Pools, name)
	delete(a.Buckets, name)
	delete(a.Policies, name)
	for _, name := range partsOf(id) {
		delete(a.Others, name)
	}
}

// rollBack begins a rollback, which ends where fails stands in the way.
func (a *Account) rollBack(s *Stack, status stack.Status) error {
	a.Event(s, "", status, "User Initiated")
	fails, reason := a.Fails, a.Reason
	a.Later(OperationTime, func() {
		if fails != "" {
			a.Event(s, fails, "UPDATE_FAILED", reason)
			a.Event(s, "", stack.UpdateRollbackFailed, "The following resource(s) failed to update: ["+fails+"].")
			return
		}
		a.Event(s, "", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "")
		a.Event(s, "", stack.UpdateRollbackDone, "")
	})
	return nil
}
