package stage

import (
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/metrics"
	"github.com/renpy-cloud/renpyctl/internal/stack"
)

// Metrics is the way to what AWS's services count.
func (s *Stage) Metrics() metrics.Client { return cw.NewFromConfig(s.Config) }

// Measured are the parts of a deployed stage's stack of which there are metrics:
// those that the stack names in its outputs, and the functions.
func (s *Stage) Measured(st stack.Stack) metrics.Parts {
	parts := metrics.Parts{
		API:      apiID(st),
		Table:    st.Outputs[cfn.OutputManifestTableName],
		Bucket:   st.Outputs[cfn.OutputSaveFilesBucketName],
		UserPool: st.Outputs[cfn.OutputUserPoolID],
		Client:   st.Outputs[cfn.OutputAppClientID],
	}
	for _, f := range Functions() {
		parts.Functions = append(parts.Functions, metrics.Function{Name: f.Name, InLambda: s.Name.Function(f.Function)})
	}
	return parts
}
