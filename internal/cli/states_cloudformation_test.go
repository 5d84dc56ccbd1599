package cli

import (
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
)

// fakeStack is a stack of an [awsAccount].
type fakeStack struct {
	id, reason string
	status     stack.Status
	template   string
	parameters []types.Parameter
	tags       []types.Tag
	events     []types.StackEvent // newest first, as they are listed
	resources  map[string]types.StackResourceSummary
	policy     string
	policies   []string // all that were ever set
	protected  bool
	role       string
	operations map[string]bool // by their tokens: repeated requests do nothing
}

type changeSet struct {
	id, token, status, reason, execution, role string

	create     bool
	stack      *fakeStack
	template   string
	parameters []types.Parameter
	tags       []types.Tag
	changes    []types.Change
}

// fakeChange is a change of the next change set.
type fakeChange = types.ResourceChange

// operationTime is how long CloudFormation takes.
const operationTime = 5 * time.Second

func validation(format string, args ...any) error {
	return awsfake.Error{Code: "ValidationError", Message: fmt.Sprintf(format, args...)}
}

// current is the stack that has the name, nil for none.
func (a *awsAccount) current() *fakeStack {
	if len(a.stacks) == 0 {
		return nil
	}
	s := a.stacks[len(a.stacks)-1]
	if s.status == stack.DeleteComplete {
		return nil
	}
	return s
}

// find looks a stack up by its name, or by its id even when it is deleted.
func (a *awsAccount) find(nameOrID *string) (*fakeStack, error) {
	for _, s := range a.stacks {
		if s.id == *nameOrID {
			return s, nil
		}
	}
	if s := a.current(); s != nil && *nameOrID == "renpy-cloud-dev" {
		return s, nil
	}
	return nil, validation("Stack with id %s does not exist", *nameOrID)
}

// event adds an event; one without a logical id is the stack's own.
func (a *awsAccount) event(s *fakeStack, logicalID string, status stack.Status, reason string) {
	ev := types.StackEvent{
		EventId: aws.String(fmt.Sprintf("e%d", len(s.events))), StackId: &s.id, StackName: aws.String("renpy-cloud-dev"),
		Timestamp: aws.Time(time.Now()), ResourceStatus: types.ResourceStatus(status), ResourceStatusReason: &reason,
		LogicalResourceId: &logicalID, PhysicalResourceId: aws.String(physical(logicalID)), ResourceType: aws.String(resourceTypes[logicalID]),
	}
	if logicalID == "" {
		s.status, s.reason = status, reason
		ev.LogicalResourceId, ev.PhysicalResourceId, ev.ResourceType = aws.String("renpy-cloud-dev"), &s.id, aws.String("AWS::CloudFormation::Stack")
	} else {
		s.resources[logicalID] = types.StackResourceSummary{
			LogicalResourceId: &logicalID, PhysicalResourceId: ev.PhysicalResourceId, ResourceType: ev.ResourceType,
			ResourceStatus: ev.ResourceStatus, ResourceStatusReason: &reason, LastUpdatedTimestamp: ev.Timestamp,
		}
	}
	s.events = append([]types.StackEvent{ev}, s.events...)
}

// resourceTypes are the resources that have a life of their own in an [awsAccount].
var resourceTypes = map[string]string{
	cfn.UserPool: "AWS::Cognito::UserPool", cfn.UserPoolClient: "AWS::Cognito::UserPoolClient", cfn.ManifestTable: "AWS::DynamoDB::Table",
	cfn.SaveFilesBucket: "AWS::S3::Bucket", cfn.HTTPAPI: "AWS::ApiGatewayV2::Api", "SyncPlanRole": "AWS::IAM::Role",
	cfn.SyncPlanFunction: "AWS::Lambda::Function", cfn.SyncCompleteFunction: "AWS::Lambda::Function",
}

func physical(logicalID string) string {
	return map[string]string{
		cfn.UserPool: "eu-west-1_AbCdEf123", cfn.UserPoolClient: "4h57kk1v0s9d", cfn.ManifestTable: "renpy-cloud-dev-ManifestTable-1X",
		cfn.SaveFilesBucket: "renpy-cloud-dev-savefilesbucket-1x", cfn.HTTPAPI: "k3j9x", "SyncPlanRole": "renpy-cloud-dev-SyncPlanRole-1X",
		cfn.SyncPlanFunction: "renpy-cloud-dev-syncPlan", cfn.SyncCompleteFunction: "renpy-cloud-dev-syncComplete",
	}[logicalID]
}

// fakeResources are their logical ids in the order in which they are created.
func fakeResources() []string {
	return []string{cfn.UserPool, cfn.UserPoolClient, cfn.ManifestTable, cfn.SaveFilesBucket, "SyncPlanRole", cfn.SyncPlanFunction, cfn.SyncCompleteFunction, cfn.HTTPAPI}
}

func (a *awsAccount) cloudFormation() {
	awsfake.On(a.Fake, a.describeStacks)
	awsfake.On(a.Fake, a.createChangeSet)
	awsfake.On(a.Fake, a.executeChangeSet)
	awsfake.On(a.Fake, a.deleteStack)
	awsfake.On(a.Fake, func(in *cloudformation.GetTemplateInput) (*cloudformation.GetTemplateOutput, error) {
		s, err := a.find(in.StackName)
		if err != nil {
			return nil, err
		}
		if s.template == "" { // of an empty stack there is none (cdklabs/awscdk-v1-stack-finder#273)
			return &cloudformation.GetTemplateOutput{}, nil
		}
		return &cloudformation.GetTemplateOutput{TemplateBody: &s.template}, nil
	})
	awsfake.On(a.Fake, func(in *cloudformation.DescribeStackEventsInput) (*cloudformation.DescribeStackEventsOutput, error) {
		s, err := a.find(in.StackName)
		if err != nil {
			return nil, err
		}
		return &cloudformation.DescribeStackEventsOutput{StackEvents: s.events}, nil
	})
	awsfake.On(a.Fake, func(in *cloudformation.ListStackResourcesInput) (*cloudformation.ListStackResourcesOutput, error) {
		s, err := a.find(in.StackName)
		if err != nil {
			return nil, err
		}
		out := &cloudformation.ListStackResourcesOutput{}
		for _, id := range fakeResources() {
			if r, ok := s.resources[id]; ok {
				out.StackResourceSummaries = append(out.StackResourceSummaries, r)
			}
		}
		return out, nil
	})
	awsfake.On(a.Fake, func(in *cloudformation.DescribeChangeSetInput) (*cloudformation.DescribeChangeSetOutput, error) {
		cs, ok := a.changeSets[*in.ChangeSetName]
		if !ok {
			return nil, noChangeSet(*in.ChangeSetName)
		}
		return &cloudformation.DescribeChangeSetOutput{
			ChangeSetId: &cs.id, StackId: &cs.stack.id, Status: types.ChangeSetStatus(cs.status), StatusReason: &cs.reason,
			ExecutionStatus: types.ExecutionStatus(cs.execution), Changes: cs.changes, Parameters: cs.parameters,
		}, nil
	})
	awsfake.On(a.Fake, func(in *cloudformation.DeleteChangeSetInput) (*cloudformation.DeleteChangeSetOutput, error) {
		delete(a.changeSets, *in.ChangeSetName) // one that does not exist is no error (API reference)
		return &cloudformation.DeleteChangeSetOutput{}, nil
	})
	awsfake.On(a.Fake, func(in *cloudformation.DescribeEventsInput) (*cloudformation.DescribeEventsOutput, error) {
		return &cloudformation.DescribeEventsOutput{}, nil
	})
	awsfake.On(a.Fake, func(in *cloudformation.SetStackPolicyInput) (*cloudformation.SetStackPolicyOutput, error) {
		s, err := a.find(in.StackName)
		if err == nil {
			s.policy, s.policies = *in.StackPolicyBody, append(s.policies, *in.StackPolicyBody)
		}
		return &cloudformation.SetStackPolicyOutput{}, err
	})
	awsfake.On(a.Fake, func(in *cloudformation.GetStackPolicyInput) (*cloudformation.GetStackPolicyOutput, error) {
		s, err := a.find(in.StackName)
		if err != nil || s.policy == "" {
			return &cloudformation.GetStackPolicyOutput{}, err
		}
		return &cloudformation.GetStackPolicyOutput{StackPolicyBody: &s.policy}, nil
	})
	awsfake.On(a.Fake, func(in *cloudformation.UpdateTerminationProtectionInput) (*cloudformation.UpdateTerminationProtectionOutput, error) {
		s, err := a.find(in.StackName)
		if err == nil {
			s.protected = *in.EnableTerminationProtection
		}
		return &cloudformation.UpdateTerminationProtectionOutput{}, err
	})
	awsfake.On(a.Fake, func(in *cloudformation.ContinueUpdateRollbackInput) (*cloudformation.ContinueUpdateRollbackOutput, error) {
		s, err := a.find(in.StackName)
		if err != nil {
			return nil, err
		}
		if a.fails != "" && slices.Contains(in.ResourcesToSkip, a.fails) {
			a.fails = ""
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

func (a *awsAccount) describeStacks(in *cloudformation.DescribeStacksInput) (*cloudformation.DescribeStacksOutput, error) {
	s, err := a.find(in.StackName)
	if err != nil {
		return nil, err
	}
	out := types.Stack{
		StackId: &s.id, StackName: aws.String("renpy-cloud-dev"), StackStatus: types.StackStatus(s.status), StackStatusReason: &s.reason,
		CreationTime: aws.Time(time.Now()), Parameters: s.parameters, Tags: s.tags, EnableTerminationProtection: &s.protected,
	}
	if s.role != "" {
		out.RoleARN = &s.role
	}
	if a.stale > 0 && s.status != stack.ReviewInProgress {
		a.stale--
		out.StackStatus = types.StackStatusReviewInProgress
	}
	if s.template != "" {
		out.Outputs = []types.Output{
			{OutputKey: aws.String(cfn.OutputAPIEndpoint), OutputValue: aws.String("https://k3j9x.execute-api.eu-west-1.amazonaws.com")},
			{OutputKey: aws.String(cfn.OutputUserPoolID), OutputValue: aws.String(physical(cfn.UserPool))},
		}
	}
	return &cloudformation.DescribeStacksOutput{Stacks: []types.Stack{out}}, nil
}

func noChangeSet(name string) error {
	// aws/serverless-application-model#52
	return awsfake.Error{Code: "ChangeSetNotFound", Message: fmt.Sprintf("ChangeSet [%s] does not exist", name), Status: 404}
}

// notNow is the refusal of whatever a stack's state does not allow (jenseickmeyer/todo-app-nodejs#5).
func notNow(s *fakeStack, verb string) error {
	return validation("Stack:%s is in %s state and can not be %s.", s.id, s.status, verb)
}

func (a *awsAccount) createChangeSet(in *cloudformation.CreateChangeSetInput) (*cloudformation.CreateChangeSetOutput, error) {
	for _, cs := range a.changeSets {
		if cs.token == *in.ClientToken { // the same request again
			return &cloudformation.CreateChangeSetOutput{Id: &cs.id, StackId: &cs.stack.id}, nil
		}
	}
	s, create := a.current(), in.ChangeSetType == types.ChangeSetTypeCreate
	switch {
	case create && s == nil:
		a.created["stack"]++
		s = &fakeStack{
			id:        fmt.Sprintf("arn:aws:cloudformation:%s:%s:stack/renpy-cloud-dev/%d", accountRegion, accountID, len(a.stacks)+1),
			resources: map[string]types.StackResourceSummary{}, operations: map[string]bool{}, tags: in.Tags,
		}
		a.stacks = append(a.stacks, s)
		a.event(s, "", stack.ReviewInProgress, "User Initiated")
	case create && s.status != stack.ReviewInProgress:
		return nil, validation("Stack [renpy-cloud-dev] already exists and cannot be created again with the changeSet [%s].", *in.ChangeSetName)
	case !create && s == nil:
		return nil, validation("Stack [renpy-cloud-dev] does not exist")
	case !create && !s.status.Updatable():
		return nil, notNow(s, "updated")
	}
	a.revertsDrift = in.DeploymentMode == types.DeploymentModeRevertDrift
	parameters := withDefaults(in.Parameters)
	cs := &changeSet{
		id: fmt.Sprintf("arn:aws:cloudformation:%s:%s:changeSet/%s/1", accountRegion, accountID, *in.ChangeSetName), token: *in.ClientToken,
		status: "CREATE_COMPLETE", execution: "AVAILABLE", create: create, stack: s,
		template: *in.TemplateBody, parameters: parameters, tags: in.Tags, role: aws.ToString(in.RoleARN),
	}
	for _, c := range a.differences(cs) {
		cs.changes = append(cs.changes, types.Change{Type: types.ChangeTypeResource, ResourceChange: &c})
	}
	switch {
	case a.refuses != "":
		cs.status, cs.execution, cs.reason = "FAILED", "UNAVAILABLE", a.refuses
	case !create && len(cs.changes) == 0 && cs.template == s.template && sameParameters(cs.parameters, s.parameters):
		// aws/aws-cdk-cli and aws-cloudformation/rain know the same.
		cs.status, cs.execution = "FAILED", "UNAVAILABLE"
		cs.reason = "The submitted information didn't contain changes. Submit different information to create a change set."
	}
	a.changeSets[cs.id] = cs
	return &cloudformation.CreateChangeSetOutput{Id: &cs.id, StackId: &s.id}, nil
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

// sameParameters compares what is asked for with what there is. The release's
// number counts too: an output of the template refers to it.
func sameParameters(asked, have []types.Parameter) bool {
	values := func(list []types.Parameter) map[string]string {
		m := map[string]string{}
		for _, p := range list {
			m[*p.ParameterKey] = *p.ParameterValue
		}
		return m
	}
	was := values(have)
	for k, v := range values(asked) {
		if was[k] != v {
			return false
		}
	}
	return true
}

// differences are the changes of a change set: what was set, or all of a new
// stack, or the functions of one that exists.
func (a *awsAccount) differences(cs *changeSet) []fakeChange {
	if a.changes != nil {
		return a.changes
	}
	var list []fakeChange
	for _, id := range fakeResources() {
		c := fakeChange{LogicalResourceId: aws.String(id), ResourceType: aws.String(resourceTypes[id]), Action: types.ChangeActionAdd}
		if !cs.create {
			if !strings.HasSuffix(id, "LambdaFunction") || sameParameters(cs.parameters, cs.stack.parameters) {
				continue
			}
			c.Action, c.Replacement = types.ChangeActionModify, types.ReplacementFalse
		}
		list = append(list, c)
	}
	return list
}

func (a *awsAccount) executeChangeSet(in *cloudformation.ExecuteChangeSetInput) (*cloudformation.ExecuteChangeSetOutput, error) {
	cs, ok := a.changeSets[*in.ChangeSetName]
	switch {
	case ok && cs.stack.operations[*in.ClientRequestToken]: // the same request again
		return &cloudformation.ExecuteChangeSetOutput{}, nil
	case !ok:
		return nil, noChangeSet(*in.ChangeSetName)
	case cs.execution != "AVAILABLE":
		// aws/amazon-chime-sdk-js#1089
		return nil, awsfake.Error{Code: "InvalidChangeSetStatus", Message: fmt.Sprintf(
			"ChangeSet [%s] cannot be executed in its current execution status of [%s]", cs.id, cs.execution)}
	case cs.stack.status.InProgress():
		return nil, notNow(cs.stack, "updated")
	}
	cs.stack.operations[*in.ClientRequestToken] = true
	for id, other := range a.changeSets {
		if other.stack == cs.stack && other != cs {
			delete(a.changeSets, id)
		}
	}
	cs.execution = "EXECUTE_COMPLETE"
	verb := "UPDATE"
	if cs.create {
		verb = "CREATE"
	}
	a.event(cs.stack, "", stack.Status(verb+"_IN_PROGRESS"), "User Initiated")
	fails, reason := a.fails, a.reason
	a.later(operationTime, func() { a.apply(cs, verb, fails, reason) })
	return &cloudformation.ExecuteChangeSetOutput{}, nil
}

// apply makes a stack what its change set says, or as much of it as works.
func (a *awsAccount) apply(cs *changeSet, verb, fails, reason string) {
	s := cs.stack
	if cs.role != "" { // used for this and every later operation (API reference, CreateChangeSet)
		s.role = cs.role
	}
	for _, c := range cs.changes {
		id := *c.ResourceChange.LogicalResourceId
		a.event(s, id, stack.Status(verb+"_IN_PROGRESS"), "")
		if id == fails {
			a.event(s, id, stack.Status(verb+"_FAILED"), reason)
			// What runs at the same time is cancelled, and may be listed first.
			a.event(s, "SyncPlanRole", stack.Status(verb+"_FAILED"), "Resource creation cancelled")
			break
		}
		if cs.create {
			a.create(id, cs.parameters)
		}
		a.event(s, id, stack.Status(verb+"_COMPLETE"), "")
	}
	switch {
	case fails == "":
		s.template, s.parameters, s.tags = cs.template, cs.parameters, cs.tags
		for _, id := range []string{cfn.SyncPlanFunction, cfn.SyncCompleteFunction} {
			a.create(id, cs.parameters)
		}
		if !cs.create {
			a.event(s, "", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "")
		}
		a.event(s, "", stack.Status(verb+"_COMPLETE"), "")
	case cs.create:
		a.event(s, "", "DELETE_IN_PROGRESS", "The following resource(s) failed to create: ["+fails+"]. Delete requested by user.")
		a.later(operationTime, func() { a.takeDown(s) })
	default:
		a.event(s, "", "UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed to update: ["+fails+"].")
		a.later(operationTime, func() {
			a.event(s, "", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "")
			a.event(s, "", stack.UpdateRollbackDone, "")
		})
	}
}

// create makes a resource that has a life of its own. The functions have
// fixed names, so that making them again is updating them.
func (a *awsAccount) create(id string, parameters []types.Parameter) {
	name := physical(id)
	value := func(key string) string {
		for _, p := range parameters {
			if *p.ParameterKey == key {
				return *p.ParameterValue
			}
		}
		return ""
	}
	switch id {
	case cfn.UserPool:
		a.pools[name] = &fakePool{protected: true}
	case cfn.ManifestTable:
		a.tables[name] = true
	case cfn.SaveFilesBucket:
		a.buckets[name] = map[string][]byte{}
	case cfn.SyncPlanFunction:
		a.functions[name] = newFunction(value(cfn.ParamSyncPlanCodeKey))
	case cfn.SyncCompleteFunction:
		a.functions[name] = newFunction(value(cfn.ParamSyncCompleteCodeKey))
	}
}

func (a *awsAccount) deleteStack(in *cloudformation.DeleteStackInput) (*cloudformation.DeleteStackOutput, error) {
	s, err := a.find(in.StackName)
	switch {
	case err != nil || s.status == stack.DeleteComplete:
		return &cloudformation.DeleteStackOutput{}, nil // one that is gone is no error (API reference)
	case s.operations[*in.ClientRequestToken]:
		return &cloudformation.DeleteStackOutput{}, nil
	case s.protected:
		// Wording: CloudFormation user guide, "Protect stacks from being deleted".
		return nil, validation("Stack [%s] cannot be deleted while TerminationProtection is enabled", s.id)
	case len(in.RetainResources) > 0 && s.status != stack.DeleteFailed:
		return nil, validation("RetainResources can only be used on stacks in the DELETE_FAILED state")
	case s.status == stack.ReviewInProgress:
		s.status = stack.DeleteComplete
		maps.DeleteFunc(a.changeSets, func(_ string, cs *changeSet) bool { return cs.stack == s })
		return &cloudformation.DeleteStackOutput{}, nil
	}
	s.operations[*in.ClientRequestToken] = true
	for _, id := range in.RetainResources {
		delete(s.resources, id)
		if a.fails == id {
			a.fails = ""
		}
	}
	a.event(s, "", "DELETE_IN_PROGRESS", "User Initiated")
	a.later(operationTime, func() { a.takeDown(s) })
	return &cloudformation.DeleteStackOutput{}, nil
}

// takeDown ends the deletion of a stack. Resources with RetainExceptOnCreate
// stay, unless it takes back a create: then a protected one is in the way.
func (a *awsAccount) takeDown(s *fakeStack) {
	var stuck []string
	for _, id := range fakeResources() {
		r, there := s.resources[id]
		if !there || r.ResourceStatus == types.ResourceStatusDeleteComplete {
			continue
		}
		about, _ := cfn.Describe(id)
		switch {
		case s.template == "" && r.ResourceStatus != "DELETE_FAILED" && a.inTheWay(id) != "":
			stuck = append(stuck, id)
			a.event(s, id, stack.DeleteFailed, a.inTheWay(id))
		case id == a.fails && s.template != "":
			stuck = append(stuck, id)
			a.event(s, id, stack.DeleteFailed, a.reason)
		case about.Protected && (s.template != "" || r.ResourceStatus == "DELETE_FAILED"):
			a.event(s, id, "DELETE_SKIPPED", "")
			delete(s.resources, id)
		default:
			a.destroy(id)
			a.event(s, id, stack.DeleteComplete, "")
		}
	}
	if len(stuck) > 0 {
		a.event(s, "", stack.DeleteFailed, fmt.Sprintf("The following resource(s) failed to delete: %v. ", stuck))
		return
	}
	a.event(s, "", stack.DeleteComplete, "")
}

// inTheWay is why a protected resource cannot be deleted, "" if it can: the
// words of Cognito (localstack/localstack#11947) and DynamoDB (nubo-db/dynoxide#46).
func (a *awsAccount) inTheWay(id string) string {
	pool, table := a.pools[physical(id)], a.tables[physical(id)]
	switch {
	case pool != nil && pool.protected:
		return "The user pool cannot be deleted because deletion protection is activated. Deletion protection must be inactivated first."
	case table:
		return "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first."
	}
	return ""
}

func (a *awsAccount) destroy(id string) {
	name := physical(id)
	delete(a.functions, name)
	delete(a.tables, name)
	delete(a.pools, name)
	delete(a.buckets, name)
}

// rollBack begins a rollback, which ends where fails stands in the way.
func (a *awsAccount) rollBack(s *fakeStack, status stack.Status) error {
	a.event(s, "", status, "User Initiated")
	fails, reason := a.fails, a.reason
	a.later(operationTime, func() {
		if fails != "" {
			a.event(s, fails, "UPDATE_FAILED", reason)
			a.event(s, "", stack.UpdateRollbackFailed, "The following resource(s) failed to update: ["+fails+"].")
			return
		}
		a.event(s, "", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "")
		a.event(s, "", stack.UpdateRollbackDone, "")
	})
	return nil
}
