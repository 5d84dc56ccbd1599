package awsaccount

import (
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	lambdaapi "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	sestypes "github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"github.com/renpy-cloud/renpyctl/internal/awsfake"
)

// Limits are what bounds an [Account].
type Limits struct {
	Concurrency int32    // of Lambda; 0 for the usual 1000
	Sandbox     bool     // SES mails verified addresses alone
	Forbidden   []string // actions that IAM says are not allowed
}

// limits answers for what bounds the account, and what protects it.
func (a *Account) limits() {
	awsfake.On(a.Fake, func(*lambdaapi.GetAccountSettingsInput) (*lambdaapi.GetAccountSettingsOutput, error) {
		n := a.Limits.Concurrency
		if n == 0 {
			n = 1000
		}
		return &lambdaapi.GetAccountSettingsOutput{AccountLimit: &lambdatypes.AccountLimit{ConcurrentExecutions: n}}, nil
	})
	awsfake.On(a.Fake, func(*sesv2.GetAccountInput) (*sesv2.GetAccountOutput, error) {
		return &sesv2.GetAccountOutput{
			ProductionAccessEnabled: !a.Limits.Sandbox, SendingEnabled: true, EnforcementStatus: aws.String("HEALTHY"),
			SendQuota: &sestypes.SendQuota{Max24HourSend: 50_000},
		}, nil
	})
	awsfake.On(a.Fake, func(in *iam.SimulatePrincipalPolicyInput) (*iam.SimulatePrincipalPolicyOutput, error) {
		out := &iam.SimulatePrincipalPolicyOutput{}
		for _, action := range in.ActionNames {
			decision := iamtypes.PolicyEvaluationDecisionTypeAllowed
			if slices.Contains(a.Limits.Forbidden, action) {
				decision = iamtypes.PolicyEvaluationDecisionTypeImplicitDeny
			}
			out.EvaluationResults = append(out.EvaluationResults, iamtypes.EvaluationResult{EvalActionName: &action, EvalDecision: decision})
		}
		return out, nil
	})
	awsfake.On(a.Fake, func(*dynamodb.DescribeContinuousBackupsInput) (*dynamodb.DescribeContinuousBackupsOutput, error) {
		status := ddbtypes.PointInTimeRecoveryStatusEnabled
		if a.Unsafe["recovery"] {
			status = ddbtypes.PointInTimeRecoveryStatusDisabled
		}
		return &dynamodb.DescribeContinuousBackupsOutput{ContinuousBackupsDescription: &ddbtypes.ContinuousBackupsDescription{
			PointInTimeRecoveryDescription: &ddbtypes.PointInTimeRecoveryDescription{PointInTimeRecoveryStatus: status, RecoveryPeriodInDays: aws.Int32(35)},
		}}, nil
	})
	awsfake.On(a.Fake, func(in *dynamodb.UpdateContinuousBackupsInput) (*dynamodb.UpdateContinuousBackupsOutput, error) {
		if p := in.PointInTimeRecoverySpecification; aws.ToBool(p.PointInTimeRecoveryEnabled) && aws.ToInt32(p.RecoveryPeriodInDays) > 0 {
			delete(a.Unsafe, "recovery")
		}
		return &dynamodb.UpdateContinuousBackupsOutput{}, nil
	})
	awsfake.On(a.Fake, func(*s3.GetBucketVersioningInput) (*s3.GetBucketVersioningOutput, error) {
		if a.Unsafe["versions"] {
			return &s3.GetBucketVersioningOutput{Status: s3types.BucketVersioningStatusSuspended}, nil
		}
		return &s3.GetBucketVersioningOutput{Status: s3types.BucketVersioningStatusEnabled}, nil
	})
	awsfake.On(a.Fake, func(*s3.GetPublicAccessBlockInput) (*s3.GetPublicAccessBlockOutput, error) {
		if a.Unsafe["private"] {
			return nil, awsfake.Error{Code: "NoSuchPublicAccessBlockConfiguration", Message: "The public access block configuration was not found", Status: 404}
		}
		return &s3.GetPublicAccessBlockOutput{PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{
			BlockPublicAcls: aws.Bool(true), BlockPublicPolicy: aws.Bool(true), IgnorePublicAcls: aws.Bool(true), RestrictPublicBuckets: aws.Bool(true),
		}}, nil
	})
}

// clock answers as [awsfake.Wire] does, and tells the time.
type clock struct {
	awsfake.Wire
	of *Account
}

// Do implements [aws.HTTPClient].
func (c clock) Do(r *http.Request) (*http.Response, error) { return c.RoundTrip(r) }

// RoundTrip implements [http.RoundTripper].
func (c clock) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodHead {
		return c.Wire.RoundTrip(r)
	}
	date := time.Now().Add(c.of.Ahead).UTC().Format(http.TimeFormat)
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Date": {date}}, Body: http.NoBody, Request: r}, nil
}
