// Command bare makes the calls without which a deploy is impossible, with the
// configuration that renpyctl has: what is left to gain is what renpyctl takes
// beside it. It checks nothing, keeps no record, secures no bucket, shows no
// plan, and prints one word.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	_ "github.com/renpy-cloud/renpyctl/internal/heap" // as renpyctl does
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/lambda"
)

const (
	stackName  = "renpy-cloud-bare"
	bucketName = "renpyctl-bare-artefacts"

	// pause is how long to wait between two looks at the stack.
	pause = 10 * time.Millisecond
	// manyCalls is how many calls show whether some take far longer than others.
	manyCalls = 1000
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bare:", err)
		os.Exit(1)
	}
}

// bare is one run: deploy ARCH, update ARCH, info or calls.
type bare struct {
	stacks *cloudformation.Client
	s3     *s3.Client
}

func run(ctx context.Context, args []string) error {
	cfg, err := cloud.Load(ctx, cloud.Options{})
	if err != nil {
		return err
	}
	b := bare{cloudformation.NewFromConfig(cfg), cloud.S3(cfg)}
	switch verb := args[0]; verb {
	case "deploy":
		err = b.deploy(ctx, lambda.Arch(args[1]))
	case "update":
		err = b.update(ctx, lambda.Arch(args[1]))
	case "info":
		_, err = b.status(ctx)
	case "calls":
		return b.calls(ctx)
	default:
		err = fmt.Errorf("there is no %q", verb)
	}
	if err == nil {
		fmt.Println("done")
	}
	return err
}

func (b bare) deploy(ctx context.Context, arch lambda.Arch) error {
	if _, err := b.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(bucketName)}); err != nil {
		return err
	}
	parameters, err := b.upload(ctx, arch)
	if err != nil {
		return err
	}
	_, err = b.stacks.CreateStack(ctx, &cloudformation.CreateStackInput{
		StackName: aws.String(stackName), TemplateBody: aws.String(cfn.Template()), Parameters: parameters,
		Capabilities: []types.Capability{types.CapabilityCapabilityIam},
	})
	if err != nil {
		return err
	}
	return b.wait(ctx, types.StackStatusCreateComplete)
}

func (b bare) update(ctx context.Context, arch lambda.Arch) error {
	parameters, err := b.upload(ctx, arch)
	if err != nil {
		return err
	}
	_, err = b.stacks.UpdateStack(ctx, &cloudformation.UpdateStackInput{
		StackName: aws.String(stackName), UsePreviousTemplate: aws.Bool(true), Parameters: parameters,
		Capabilities: []types.Capability{types.CapabilityCapabilityIam},
	})
	if err != nil {
		return err
	}
	return b.wait(ctx, types.StackStatusUpdateComplete)
}

// upload puts both zips into the bucket and returns the parameters that name them.
func (b bare) upload(ctx context.Context, arch lambda.Arch) ([]types.Parameter, error) {
	parameters := []types.Parameter{
		parameter(cfn.ParamStage, "bare"), parameter(cfn.ParamArtifactsBucket, bucketName), parameter(cfn.ParamArchitecture, string(arch)),
	}
	var puts []func(context.Context) error
	for _, f := range stage.Functions() {
		code, err := lambda.Zip(f.Function, arch)
		if err != nil {
			return nil, err
		}
		key := stage.CodeKey(code)
		parameters = append(parameters, parameter(f.CodeParameter, key))
		puts = append(puts, func(ctx context.Context) error {
			_, err := b.s3.PutObject(ctx, &s3.PutObjectInput{
				Bucket: aws.String(bucketName), Key: &key, Body: code.Zip(), ContentLength: &code.Bytes,
			})
			return err
		})
	}
	return parameters, cloud.Together(ctx, puts...)
}

func parameter(name, value string) types.Parameter {
	return types.Parameter{ParameterKey: &name, ParameterValue: &value}
}

func (b bare) wait(ctx context.Context, wanted types.StackStatus) error {
	for {
		status, err := b.status(ctx)
		switch {
		case err != nil || status == wanted:
			return err
		case !strings.HasSuffix(string(status), "_IN_PROGRESS"):
			return fmt.Errorf("the stack is %s", status)
		}
		if err := cloud.Sleep(ctx, pause); err != nil {
			return err
		}
	}
}

func (b bare) status(ctx context.Context) (types.StackStatus, error) {
	out, err := b.stacks.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(stackName)})
	if err != nil {
		return "", err
	}
	return out.Stacks[0].StackStatus, nil
}

// many is what many calls took: JSON for the bench.
type many struct {
	Calls    int
	Median   time.Duration
	Longest  time.Duration
	Outliers int // over three times the median
	Retried  int // tried more than once
}

// calls makes [manyCalls] calls one after the other, by turns with a large
// answer and with a large body, on the stack and the bucket that are there.
func (b bare) calls(ctx context.Context) error {
	body := bytes.Repeat([]byte("save"), 25_000)
	kinds := []func(context.Context) (attempts int, err error){
		func(ctx context.Context) (int, error) {
			out, err := b.stacks.GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: aws.String(stackName)})
			if err != nil {
				return 0, err
			}
			r, _ := retry.GetAttemptResults(out.ResultMetadata)
			return len(r.Results), nil
		},
		func(ctx context.Context) (int, error) {
			out, err := b.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(bucketName), Key: aws.String("calls"), Body: bytes.NewReader(body)})
			if err != nil {
				return 0, err
			}
			r, _ := retry.GetAttemptResults(out.ResultMetadata)
			return len(r.Results), nil
		},
	}
	list := make([]many, len(kinds))
	for i, kind := range kinds {
		var took []time.Duration
		for range manyCalls {
			start := time.Now()
			attempts, err := kind(ctx)
			if err != nil {
				return err
			}
			took = append(took, time.Since(start))
			if attempts > 1 {
				list[i].Retried++
			}
		}
		slices.Sort(took)
		median := took[len(took)/2]
		list[i].Calls, list[i].Median, list[i].Longest = len(took), median, took[len(took)-1]
		for _, d := range took {
			if d > 3*median {
				list[i].Outliers++
			}
		}
	}
	return json.NewEncoder(os.Stdout).Encode(list)
}
