package stage

import (
	"context"
	"strconv"
	"strings"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/functions"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/lambda"
)

// references are what the names in the stack's template stand for: parameters,
// resources, and the ARNs of roles.
func (s *State) references(ctx context.Context) (map[string]string, error) {
	resources, err := s.Stacks.Resources(ctx, s.Stack.ID)
	if err != nil {
		return nil, err
	}
	return s.refer(resources), nil
}

func (s *State) refer(resources []stack.Resource) map[string]string {
	region := s.Config.Region
	refs := map[string]string{
		"AWS::Region": region, "AWS::Partition": cloud.Partition(region), "AWS::URLSuffix": cloud.URLSuffix(region),
		"AWS::AccountId": s.Stack.Account(),
	}
	for name, value := range s.Stack.Parameters {
		refs[name] = value
	}
	for _, r := range resources {
		refs[r.LogicalID] = r.PhysicalID
		if r.Type == "AWS::IAM::Role" {
			refs[r.LogicalID+".Arn"] = "arn:" + refs["AWS::Partition"] + ":iam::" + refs["AWS::AccountId"] + ":role/" + r.PhysicalID
		}
	}
	return refs
}

// want is what a function should be: the function that the stage gives its name,
// with the code that the stack's parameters name by its hash, and the settings
// of the stack's template. Nothing that is only kept in the artefact bucket counts.
// What the template does not tell, as that of another version may not, is as it is.
func want(st stack.Stack, template string, refs map[string]string, f Function, have functions.Function) functions.Function {
	properties := cfn.Properties(template, f.LogicalID)
	setting := func(path, have string) string {
		if property, there := properties[path]; there {
			if value, known := cfn.Resolve(property, refs); known {
				return value
			}
		}
		return have
	}
	number := func(path string, have int32) int32 {
		if n, err := strconv.ParseInt(setting(path, ""), 10, 32); err == nil {
			return int32(n)
		}
		return have
	}
	w := have
	w.CodeSha256 = lambda.CodeSha256(CodeHash(codeKeyOf(st, f.Name)))
	w.Architecture = setting("Architectures", have.Architecture)
	w.Runtime = setting("Runtime", have.Runtime)
	w.Handler = setting("Handler", have.Handler)
	w.Role = setting("Role", have.Role)
	w.LogGroup = setting("LoggingConfig.LogGroup", have.LogGroup)
	w.MemoryMB = number("MemorySize", have.MemoryMB)
	w.TimeoutSec = number("Timeout", have.TimeoutSec)
	const variables = "Environment.Variables."
	environment := map[string]string{}
	for path := range properties {
		if name, isVariable := strings.CutPrefix(path, variables); isVariable {
			environment[name] = setting(path, have.Environment[name])
		}
	}
	if len(properties) > 0 {
		w.Environment = environment
	}
	return w
}
