package functions_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/functions"
)

// busy is Lambda's answer to a change while another one is under way (wording:
// Lambda API reference and serverless/serverless#10008).
var busy = awsfake.Error{
	Code: "ResourceConflictException", Status: 409,
	Message: "The operation cannot be performed at this time. An update is in progress for resource: arn:aws:lambda:eu-west-1:1:function:f",
}

// fn is a function that takes its time: it is busy for a while, then accepts a
// change, and runs it later still.
type fn struct {
	*awsfake.Fake
	client    *lambda.Client
	start     time.Time
	busyUntil time.Duration
	took      time.Duration // from the change until it runs
	changed   time.Time     // when it was accepted
	hash      string        // that it runs once it does
	fails     string        // why the change fails
}

const oldHash, newHash = "b2xk", "bmV3"

func newFunction(t *testing.T) *fn {
	f := &fn{Fake: awsfake.New(t), start: time.Now(), hash: newHash}
	f.client = lambda.NewFromConfig(f.Config())
	awsfake.On(f.Fake, func(*lambda.UpdateFunctionCodeInput) (*lambda.UpdateFunctionCodeOutput, error) {
		return &lambda.UpdateFunctionCodeOutput{}, f.accept()
	})
	awsfake.On(f.Fake, func(*lambda.UpdateFunctionConfigurationInput) (*lambda.UpdateFunctionConfigurationOutput, error) {
		return &lambda.UpdateFunctionConfigurationOutput{}, f.accept()
	})
	awsfake.On(f.Fake, func(*lambda.GetFunctionConfigurationInput) (*lambda.GetFunctionConfigurationOutput, error) {
		out := &lambda.GetFunctionConfigurationOutput{
			FunctionName: aws.String("f"), CodeSha256: aws.String(oldHash), LastUpdateStatus: types.LastUpdateStatusInProgress,
		}
		if time.Since(f.changed) >= f.took {
			out.CodeSha256, out.LastUpdateStatus = &f.hash, types.LastUpdateStatusSuccessful
			if f.fails != "" {
				out.LastUpdateStatus, out.LastUpdateStatusReason = types.LastUpdateStatusFailed, &f.fails
			}
		}
		return out, nil
	})
	return f
}

func (f *fn) accept() error {
	if time.Since(f.start) < f.busyUntil {
		return busy
	}
	f.changed = time.Now()
	return nil
}

var source = functions.Source{Bucket: "b", Key: "code/f.zip", CodeSha256: newHash, Architecture: "arm64"}

func TestUpdateCode(t *testing.T) {
	for _, c := range []struct {
		what    string
		prepare func(*fn)
		wrong   string        // "" for success
		least   time.Duration // that it takes
		most    time.Duration
	}{
		{"at once", func(*fn) {}, "", 0, 0},
		{"it runs later", func(f *fn) { f.took = 8 * time.Second }, "", 8 * time.Second, 9 * time.Second},
		{"while another change is under way", func(f *fn) { f.busyUntil = 20 * time.Second }, "", 20 * time.Second, 22 * time.Second},
		{"both", func(f *fn) { f.busyUntil, f.took = 5*time.Second, 5*time.Second }, "", 10 * time.Second, 13 * time.Second},
		{"somebody else is faster", func(f *fn) { f.hash = "b3RoZXI=" }, "function f runs b3RoZXI= and not bmV3", 0, 0},
		{"it fails", func(f *fn) { f.fails = "The image is wrong." }, "function f could not be updated: The image is wrong", 0, 0},
		{"always busy", func(f *fn) { f.busyUntil = time.Hour }, "update the code of function f", 2 * time.Minute, 2*time.Minute + time.Second},
		{"never runs", func(f *fn) { f.took = time.Hour }, "wait for function f: it is still busy", 2 * time.Minute, 2*time.Minute + time.Second},
	} {
		t.Run(c.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFunction(t)
				c.prepare(f)
				_, err := functions.UpdateCode(t.Context(), f.client, "f", source)
				if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
					t.Errorf("error %v, want %q", err, c.wrong)
				}
				if took := time.Since(f.start); took < c.least || took > c.most {
					t.Errorf("took %s, want %s to %s", took, c.least, c.most)
				}
			})
		})
	}
}

func TestUpdateCodeSays(t *testing.T) {
	f := newFunction(t)
	if _, err := functions.UpdateCode(t.Context(), f.client, "f", source); err != nil {
		t.Fatal(err)
	}
	in := awsfake.Inputs[lambda.UpdateFunctionCodeInput](f.Fake)[0]
	if *in.S3Bucket != "b" || *in.S3Key != "code/f.zip" || !slices.Equal(in.Architectures, []types.Architecture{types.ArchitectureArm64}) {
		t.Errorf("asked for %+v", in)
	}
}

// Other refusals are not waited out.
func TestUpdateCodeRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFunction(t)
		awsfake.On(f.Fake, func(*lambda.UpdateFunctionCodeInput) (*lambda.UpdateFunctionCodeOutput, error) {
			return nil, awsfake.Error{Code: "InvalidParameterValueException", Message: "Error occurred while GetObject. S3 Error Code: NoSuchKey."}
		})
		_, err := functions.UpdateCode(t.Context(), f.client, "f", source)
		if err == nil || time.Since(f.start) > 0 || len(f.Operations()) != 1 {
			t.Errorf("error %v after %s, calls %q", err, time.Since(f.start), f.Operations())
		}
	})
}

func TestUpdateSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFunction(t)
		f.busyUntil, f.took = 3*time.Second, 3*time.Second
		want := functions.Function{
			FunctionName: "f", Runtime: "provided.al2023", Handler: "bootstrap", Role: "arn:r", MemoryMB: 128, TimeoutSec: 10,
			LogGroup: "/aws/lambda/f", Environment: map[string]string{"GAME_IDS": "a"},
		}
		if err := functions.UpdateSettings(t.Context(), f.client, want); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(f.start); took < 6*time.Second {
			t.Errorf("returned after %s, before it runs", took)
		}
		all := awsfake.Inputs[lambda.UpdateFunctionConfigurationInput](f.Fake)
		in := all[len(all)-1]
		if *in.MemorySize != 128 || *in.Timeout != 10 || *in.Role != "arn:r" || *in.LoggingConfig.LogGroup != "/aws/lambda/f" || in.Environment.Variables["GAME_IDS"] != "a" {
			t.Errorf("asked for %+v", in)
		}
		if slices.Contains(f.Operations(), "UpdateFunctionCode") {
			t.Error("the code was touched")
		}
	})
}

func TestReadNothing(t *testing.T) {
	f := newFunction(t)
	awsfake.On(f.Fake, func(*lambda.GetFunctionConfigurationInput) (*lambda.GetFunctionConfigurationOutput, error) {
		return nil, awsfake.Error{Code: "ResourceNotFoundException", Message: "Function not found", Status: 404}
	})
	if _, err := functions.Read(t.Context(), f.client, "f"); !errors.Is(err, functions.ErrNotFound) {
		t.Errorf("error %v, want ErrNotFound", err)
	}
}

// Every field that the template gives a function is compared; sizes and dates are not.
func TestCompare(t *testing.T) {
	base := functions.Function{
		FunctionName: "f", Architecture: "arm64", Runtime: "provided.al2023", Handler: "bootstrap", Role: "arn:r", MemoryMB: 128,
		TimeoutSec: 10, LogGroup: "/l", Environment: map[string]string{"A": "1", "B": "2"}, CodeSha256: oldHash, CodeSize: 1, Modified: "then",
	}
	for what, c := range map[string]struct {
		edit func(*functions.Function)
		want []functions.Difference
	}{
		"nothing":       {func(*functions.Function) {}, nil},
		"size and date": {func(f *functions.Function) { f.CodeSize, f.Modified = 2, "now" }, nil},
		"code":          {func(f *functions.Function) { f.CodeSha256 = newHash }, []functions.Difference{{"codeSha256", oldHash, newHash}}},
		"architecture":  {func(f *functions.Function) { f.Architecture = "x86_64" }, []functions.Difference{{"architecture", "arm64", "x86_64"}}},
		"memory and time": {func(f *functions.Function) { f.MemoryMB, f.TimeoutSec = 256, 3 },
			[]functions.Difference{{"memoryMB", "128", "256"}, {"timeoutSeconds", "10", "3"}}},
		"role and log": {func(f *functions.Function) { f.Role, f.LogGroup = "arn:other", "" },
			[]functions.Difference{{"role", "arn:r", "arn:other"}, {"logGroup", "/l", ""}}},
		"program": {func(f *functions.Function) { f.Runtime, f.Handler = "python3.13", "h" },
			[]functions.Difference{{"runtime", "provided.al2023", "python3.13"}, {"handler", "bootstrap", "h"}}},
		"environment": {func(f *functions.Function) { f.Environment = map[string]string{"A": "9", "C": "3"} },
			[]functions.Difference{{"environment.A", "1", "9"}, {"environment.B", "2", ""}, {"environment.C", "", "3"}}},
	} {
		have := base
		c.edit(&have)
		if got := functions.Compare(base, have); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, want %+v", what, got, c.want)
		}
	}
}
