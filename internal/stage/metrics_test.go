package stage_test

import (
	"testing"
	"time"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/metrics"
	"github.com/renpy-cloud/renpyctl/internal/stack"
)

// The metrics of a stage are asked of its own parts, by the names that these have in AWS.
func TestMeasured(t *testing.T) {
	a, at := with(t, "UPDATE_COMPLETE", "dev")
	a.Measured["AWS/ApiGateway 5xx"], a.Measured["AWS/Lambda Errors"] = 3, 2
	parts := at.Measured(stack.Stack{Outputs: map[string]string{
		cfn.OutputAPIEndpoint: "https://k3j9x.execute-api.eu-west-1.amazonaws.com", cfn.OutputManifestTableName: "table",
		cfn.OutputSaveFilesBucketName: "bucket", cfn.OutputUserPoolID: "pool", cfn.OutputAppClientID: "client",
	}})
	r, err := metrics.Read(t.Context(), at.Metrics(), metrics.Last(time.Hour, time.Now()), metrics.All(parts))
	if err != nil || len(r.Gaps()) > 0 {
		t.Fatalf("%v, %v", err, r.Gaps())
	}
	for name, want := range map[string]metrics.Dimension{
		metrics.ServerErrors:                            {Name: "ApiId", Value: "k3j9x"},
		metrics.OfFunction("syncPlan", metrics.Errors):  {Name: "FunctionName", Value: "renpy-cloud-dev-syncPlan"},
		metrics.WriteCapacity:                           {Name: "TableName", Value: "table"},
		metrics.StoredBytes:                             {Name: "BucketName", Value: "bucket"},
		metrics.SignUps:                                 {Name: "UserPool", Value: "pool"},
		metrics.OfFunction("syncComplete", "throttles"): {Name: "FunctionName", Value: "renpy-cloud-dev-syncComplete"},
	} {
		if got := r.Of(name).Metric.Source.Dimensions[0]; got != want {
			t.Errorf("%s is of %v, want %v", name, got, want)
		}
	}
	if failed, _ := r.Of(metrics.ServerErrors).Total(); failed != 3 {
		t.Errorf("%v requests failed", failed)
	}
	if _, known := r.Of(metrics.SignUps).Total(); known {
		t.Error("sign-ups are known that nobody has counted")
	}
}
