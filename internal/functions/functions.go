// Package functions reads and updates Lambda functions directly, without
// CloudFormation: to see what really runs, to change code in seconds, and to
// put right what somebody changed by hand.
package functions

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// Client is the part of the Lambda API that this package uses.
type Client interface {
	GetFunctionConfiguration(context.Context, *lambda.GetFunctionConfigurationInput, ...func(*lambda.Options)) (*lambda.GetFunctionConfigurationOutput, error)
	UpdateFunctionCode(context.Context, *lambda.UpdateFunctionCodeInput, ...func(*lambda.Options)) (*lambda.UpdateFunctionCodeOutput, error)
	UpdateFunctionConfiguration(context.Context, *lambda.UpdateFunctionConfigurationInput, ...func(*lambda.Options)) (*lambda.UpdateFunctionConfigurationOutput, error)
}

var _ Client = (*lambda.Client)(nil)

// Function is what Lambda says of a function: its code and the settings that
// the template gives it.
type Function struct {
	FunctionName string            `json:"function"`     // its name in Lambda
	Architecture string            `json:"architecture"` // arm64 or x86_64
	Runtime      string            `json:"runtime"`
	Handler      string            `json:"handler"`
	Role         string            `json:"role"` // ARN
	MemoryMB     int32             `json:"memoryMB"`
	TimeoutSec   int32             `json:"timeoutSeconds"`
	LogGroup     string            `json:"logGroup"`
	Environment  map[string]string `json:"environment"`
	CodeSha256   string            `json:"codeSha256"` // of the zip, in base64
	CodeSize     int64             `json:"codeSize"`   // of the zip, in bytes
	Modified     string            `json:"modified"`   // as Lambda writes it: "2026-11-23T10:00:00.000+0000"
}

// ErrNotFound says that there is no such function.
var ErrNotFound = errors.New("no such function")

// Read asks Lambda for a function. The error is [ErrNotFound] if there is none.
func Read(ctx context.Context, client Client, name string) (Function, error) {
	f, _, err := read(ctx, client, name)
	return f, err
}

// update is how far Lambda has got with the last change to a function.
type update struct {
	status types.LastUpdateStatus
	reason string
}

func read(ctx context.Context, client Client, name string) (Function, update, error) {
	out, err := client.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
	if cloud.IsNotFound(err) {
		return Function{}, update{}, fmt.Errorf("%w: %s", ErrNotFound, name)
	}
	if err != nil {
		return Function{}, update{}, fmt.Errorf("read function %s: %w", name, err)
	}
	f := Function{
		FunctionName: aws.ToString(out.FunctionName), Runtime: string(out.Runtime), Handler: aws.ToString(out.Handler),
		Role: aws.ToString(out.Role), MemoryMB: aws.ToInt32(out.MemorySize), TimeoutSec: aws.ToInt32(out.Timeout),
		Environment: map[string]string{},
		CodeSha256:  aws.ToString(out.CodeSha256), CodeSize: out.CodeSize, Modified: aws.ToString(out.LastModified),
	}
	if len(out.Architectures) > 0 {
		f.Architecture = string(out.Architectures[0])
	}
	if out.Environment != nil {
		maps.Copy(f.Environment, out.Environment.Variables)
	}
	if out.LoggingConfig != nil {
		f.LogGroup = aws.ToString(out.LoggingConfig.LogGroup)
	}
	return f, update{out.LastUpdateStatus, aws.ToString(out.LastUpdateStatusReason)}, nil
}

// Difference is a setting that is not what it should be.
type Difference struct {
	Setting string `json:"setting"` // "memoryMB", "environment.MAX_FILE_BYTES", "codeSha256"
	Want    string `json:"want"`    // "" where it should not be there
	Have    string `json:"have"`    // "" where it is not there
}

// Compare lists how have differs from want.
func Compare(want, have Function) []Difference {
	var list []Difference
	add := func(setting, want, have string) {
		if want != have {
			list = append(list, Difference{setting, want, have})
		}
	}
	add("codeSha256", want.CodeSha256, have.CodeSha256)
	add("architecture", want.Architecture, have.Architecture)
	add("runtime", want.Runtime, have.Runtime)
	add("handler", want.Handler, have.Handler)
	add("role", want.Role, have.Role)
	add("memoryMB", fmt.Sprint(want.MemoryMB), fmt.Sprint(have.MemoryMB))
	add("timeoutSeconds", fmt.Sprint(want.TimeoutSec), fmt.Sprint(have.TimeoutSec))
	add("logGroup", want.LogGroup, have.LogGroup)
	names := map[string]string{}
	maps.Copy(names, want.Environment)
	maps.Copy(names, have.Environment)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		add("environment."+name, want.Environment[name], have.Environment[name])
	}
	return list
}

// Source is a zip in S3.
type Source struct {
	Bucket, Key  string
	Version      string // of the object
	CodeSha256   string // in base64
	Architecture string
}

// ErrNotUpdated says that it is certain that a function does not run the code
// that it was to have. Of a wait that was given up, or a connection that was
// lost, nobody knows: Lambda may go on.
var ErrNotUpdated = errors.New("the function does not run that code")

// notUpdated is an error that says by itself why a function was not updated.
type notUpdated struct{ error }

func (e *notUpdated) Unwrap() []error { return []error{e.error, ErrNotUpdated} }

// UpdateCode gives the function other code and returns it when it runs that. The
// error is [ErrNotUpdated] where Lambda refused or failed, or somebody else was
// faster.
func UpdateCode(ctx context.Context, client Client, name string, src Source) (Function, error) {
	err := whenFree(ctx, func() error {
		_, err := client.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{
			FunctionName: &name, S3Bucket: &src.Bucket, S3Key: &src.Key, S3ObjectVersion: &src.Version,
			Architectures: []types.Architecture{types.Architecture(src.Architecture)},
		})
		return err
	})
	if err != nil {
		refused := cloud.Refused(err)
		err = fmt.Errorf("update the code of function %s: %w", name, err)
		if refused {
			err = &notUpdated{err}
		}
		return Function{}, err
	}
	f, err := await(ctx, client, name)
	if err == nil && f.CodeSha256 != src.CodeSha256 {
		err = &notUpdated{fmt.Errorf("function %s runs %s and not %s: somebody else has updated it meanwhile", name, f.CodeSha256, src.CodeSha256)}
	}
	return f, err
}

// UpdateSettings gives the function the settings of want, its code left alone,
// and returns when it runs with them.
func UpdateSettings(ctx context.Context, client Client, want Function) error {
	err := whenFree(ctx, func() error {
		in := &lambda.UpdateFunctionConfigurationInput{
			FunctionName: &want.FunctionName, Runtime: types.Runtime(want.Runtime), Handler: &want.Handler, Role: &want.Role,
			MemorySize: &want.MemoryMB, Timeout: &want.TimeoutSec,
			Environment: &types.Environment{Variables: want.Environment},
		}
		if want.LogGroup != "" {
			in.LoggingConfig = &types.LoggingConfig{LogGroup: &want.LogGroup}
		}
		_, err := client.UpdateFunctionConfiguration(ctx, in)
		return err
	})
	if err != nil {
		return fmt.Errorf("update the settings of function %s: %w", want.FunctionName, err)
	}
	_, err = await(ctx, client, want.FunctionName)
	return err
}

// patience is how long a change may take to run, or to be free for the next.
const patience = 2 * time.Minute

// errSlow says that Lambda has not finished a change in time.
var errSlow = errors.New("it is still busy with the change before")

// await returns when Lambda has finished the last change.
func await(ctx context.Context, client Client, name string) (Function, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errSlow)
	defer cancel()
	for pause := 100 * time.Millisecond; ; pause = min(pause*3/2, time.Second) {
		f, u, err := read(ctx, client, name)
		switch {
		case err != nil:
			return f, err
		case u.status == types.LastUpdateStatusFailed:
			return f, &notUpdated{fmt.Errorf("function %s could not be updated: %s", name, strings.TrimSuffix(u.reason, "."))}
		case u.status != types.LastUpdateStatusInProgress:
			return f, nil
		}
		if err := cloud.Sleep(ctx, pause); err != nil {
			return f, fmt.Errorf("wait for function %s: %w", name, err)
		}
	}
}

// whenFree runs a change, waiting while Lambda is still busy with the one
// before: it then answers ResourceConflictException.
func whenFree(ctx context.Context, change func() error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errSlow)
	defer cancel()
	for pause := 200 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		err := change()
		if cloud.KindOf(err) != cloud.Conflict {
			return err
		}
		if cloud.Sleep(ctx, pause) != nil {
			return err
		}
	}
}
