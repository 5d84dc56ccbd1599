package awsaccount

import (
	"bytes"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	cwl "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	cwltypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	idptypes "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	lambdaapi "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/lambda"
)

// Pool is a user pool of an [Account].
type Pool struct{ Protected bool }

// Function is a Lambda function of an [Account].
type Function struct {
	Hash        string // of its code, as Lambda reports it
	Memory      int32
	Role        string
	Environment map[string]string
}

func newFunction(codeKey, role string) *Function {
	return &Function{Role: "arn:aws:iam::" + ID + ":role/" + role, Hash: lambda.CodeSha256(stage.CodeHash(codeKey)), Memory: 128, Environment: map[string]string{"GAME_IDS": ""}}
}

var (
	noObject   = awsfake.Error{Code: "NoSuchKey", Message: "The specified key does not exist.", Status: 404}
	noHead     = awsfake.Error{Code: "NotFound", Message: "Not Found", Status: 404}
	noBucket   = awsfake.Error{Code: "NoSuchBucket", Message: "The specified bucket does not exist", Status: 404}
	noFunction = awsfake.Error{Code: "ResourceNotFoundException", Message: "Function not found", Status: 404}
	noPool     = awsfake.Error{Code: "ResourceNotFoundException", Message: "User pool does not exist."}
	noTable    = awsfake.Error{Code: "ResourceNotFoundException", Message: "Requested resource not found"}
)

// services answers for all services but CloudFormation.
func (a *Account) services() {
	awsfake.On(a.Fake, func(*sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
		return &sts.GetCallerIdentityOutput{Account: aws.String(ID), Arn: aws.String("arn:aws:iam::" + ID + ":user/ann")}, nil
	})
	a.lambda()
	a.cognito()
	a.parts()
	a.dynamoDB()
	a.bucketCalls()
	a.objectCalls()
}

func (a *Account) lambda() {
	awsfake.On(a.Fake, func(in *lambdaapi.GetFunctionConfigurationInput) (*lambdaapi.GetFunctionConfigurationOutput, error) {
		f, ok := a.Functions[*in.FunctionName]
		if !ok {
			return nil, noFunction
		}
		return &lambdaapi.GetFunctionConfigurationOutput{
			FunctionName: in.FunctionName, Role: aws.String(f.Role), CodeSha256: &f.Hash, CodeSize: 3_104_512, MemorySize: &f.Memory,
			Architectures: []lambdatypes.Architecture{lambdatypes.ArchitectureArm64}, Runtime: lambdatypes.RuntimeProvidedal2023,
			Environment: &lambdatypes.EnvironmentResponse{Variables: f.Environment}, LastUpdateStatus: lambdatypes.LastUpdateStatusSuccessful,
		}, nil
	})
	awsfake.On(a.Fake, func(in *lambdaapi.UpdateFunctionCodeInput) (*lambdaapi.UpdateFunctionCodeOutput, error) {
		a.Functions[*in.FunctionName].Hash = lambda.CodeSha256(stage.CodeHash(*in.S3Key))
		return &lambdaapi.UpdateFunctionCodeOutput{}, nil
	})
	awsfake.On(a.Fake, func(in *lambdaapi.UpdateFunctionConfigurationInput) (*lambdaapi.UpdateFunctionConfigurationOutput, error) {
		f := a.Functions[*in.FunctionName]
		f.Memory, f.Environment = *in.MemorySize, in.Environment.Variables
		return &lambdaapi.UpdateFunctionConfigurationOutput{}, nil
	})
}

func (a *Account) cognito() {
	awsfake.On(a.Fake, func(in *idp.DescribeUserPoolInput) (*idp.DescribeUserPoolOutput, error) {
		p, ok := a.Pools[*in.UserPoolId]
		if !ok {
			return nil, noPool
		}
		pool := &idptypes.UserPoolType{Id: in.UserPoolId, EstimatedNumberOfUsers: a.Players, DeletionProtection: idptypes.DeletionProtectionTypeInactive}
		if p.Protected {
			pool.DeletionProtection = idptypes.DeletionProtectionTypeActive
		}
		return &idp.DescribeUserPoolOutput{UserPool: pool}, nil
	})
	awsfake.On(a.Fake, func(in *idp.UpdateUserPoolInput) (*idp.UpdateUserPoolOutput, error) {
		a.Pools[*in.UserPoolId].Protected = in.DeletionProtection == idptypes.DeletionProtectionTypeActive
		return &idp.UpdateUserPoolOutput{}, nil
	})
	awsfake.On(a.Fake, func(in *idp.DeleteUserPoolInput) (*idp.DeleteUserPoolOutput, error) {
		p, ok := a.Pools[*in.UserPoolId]
		switch {
		case !ok:
			return nil, noPool
		case p.Protected: // localstack/localstack#11947
			return nil, awsfake.Error{Code: "InvalidParameterException", Message: "The user pool cannot be deleted because deletion protection is activated. Deletion protection must be inactivated first."}
		}
		delete(a.Pools, *in.UserPoolId)
		return &idp.DeleteUserPoolOutput{}, nil
	})
}

// parts answers for what needs only be there.
func (a *Account) parts() {
	gone := func(name *string) error {
		if a.Others[*name] {
			return nil
		}
		return awsfake.Error{Code: "NotFoundException", Message: "Not found: " + *name, Status: 404}
	}
	awsfake.On(a.Fake, func(in *apigatewayv2.GetApiInput) (*apigatewayv2.GetApiOutput, error) {
		return &apigatewayv2.GetApiOutput{}, gone(in.ApiId)
	})
	awsfake.On(a.Fake, func(in *iam.GetRoleInput) (*iam.GetRoleOutput, error) {
		return &iam.GetRoleOutput{Role: &iamtypes.Role{}}, gone(in.RoleName)
	})
	awsfake.On(a.Fake, func(in *cwl.DescribeLogGroupsInput) (*cwl.DescribeLogGroupsOutput, error) {
		out := &cwl.DescribeLogGroupsOutput{}
		for name := range a.Others {
			if strings.Contains(name, *in.LogGroupNamePattern) {
				out.LogGroups = append(out.LogGroups, cwltypes.LogGroup{LogGroupName: &name})
			}
		}
		return out, nil
	})
}

func (a *Account) dynamoDB() {
	awsfake.On(a.Fake, func(in *dynamodb.DescribeTableInput) (*dynamodb.DescribeTableOutput, error) {
		protected, ok := a.Tables[*in.TableName]
		if !ok {
			return nil, noTable
		}
		return &dynamodb.DescribeTableOutput{Table: &ddbtypes.TableDescription{DeletionProtectionEnabled: &protected}}, nil
	})
	awsfake.On(a.Fake, func(in *dynamodb.UpdateTableInput) (*dynamodb.UpdateTableOutput, error) {
		a.Tables[*in.TableName] = *in.DeletionProtectionEnabled
		return &dynamodb.UpdateTableOutput{}, nil
	})
	awsfake.On(a.Fake, func(in *dynamodb.DeleteTableInput) (*dynamodb.DeleteTableOutput, error) {
		protected, ok := a.Tables[*in.TableName]
		switch {
		case !ok:
			return nil, noTable
		case protected: // nubo-db/dynoxide#46
			return nil, awsfake.Error{Code: "ValidationException", Message: "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first."}
		}
		delete(a.Tables, *in.TableName)
		return &dynamodb.DeleteTableOutput{}, nil
	})
}

func (a *Account) bucketCalls() {
	awsfake.On(a.Fake, func(in *s3.HeadBucketInput) (*s3.HeadBucketOutput, error) {
		if a.Buckets[*in.Bucket] == nil {
			return nil, noHead
		}
		return &s3.HeadBucketOutput{}, nil
	})
	awsfake.On(a.Fake, func(in *s3.CreateBucketInput) (*s3.CreateBucketOutput, error) {
		if a.Buckets[*in.Bucket] != nil {
			return nil, awsfake.Error{Code: "BucketAlreadyOwnedByYou", Message: "Your previous request to create the named bucket succeeded and you already own it.", Status: 409}
		}
		a.Created["bucket"]++
		a.Buckets[*in.Bucket] = map[string][]byte{}
		return &s3.CreateBucketOutput{}, nil
	})
	awsfake.On(a.Fake, func(in *s3.DeleteBucketInput) (*s3.DeleteBucketOutput, error) {
		objects, ok := a.Buckets[*in.Bucket]
		switch {
		case !ok:
			return nil, noBucket
		case len(objects) > 0:
			return nil, awsfake.Error{Code: "BucketNotEmpty", Message: "The bucket you tried to delete is not empty.", Status: 409}
		}
		delete(a.Buckets, *in.Bucket)
		delete(a.Policies, *in.Bucket)
		return &s3.DeleteBucketOutput{}, nil
	})
	awsfake.On(a.Fake, func(*s3.PutPublicAccessBlockInput) (*s3.PutPublicAccessBlockOutput, error) {
		return &s3.PutPublicAccessBlockOutput{}, nil
	})
	awsfake.On(a.Fake, func(*s3.PutBucketEncryptionInput) (*s3.PutBucketEncryptionOutput, error) {
		return &s3.PutBucketEncryptionOutput{}, nil
	})
	awsfake.On(a.Fake, func(*s3.PutBucketVersioningInput) (*s3.PutBucketVersioningOutput, error) {
		return &s3.PutBucketVersioningOutput{}, nil
	})
	awsfake.On(a.Fake, func(in *s3.PutBucketPolicyInput) (*s3.PutBucketPolicyOutput, error) {
		if a.Buckets[*in.Bucket] == nil {
			return nil, noBucket
		}
		a.Policies[*in.Bucket] = *in.Policy
		return &s3.PutBucketPolicyOutput{}, nil
	})
	awsfake.On(a.Fake, func(in *s3.GetBucketPolicyInput) (*s3.GetBucketPolicyOutput, error) {
		policy, ok := a.Policies[*in.Bucket]
		switch {
		case a.Buckets[*in.Bucket] == nil:
			return nil, noBucket
		case !ok:
			return nil, awsfake.Error{Code: "NoSuchBucketPolicy", Message: "The bucket policy does not exist", Status: 404}
		}
		return &s3.GetBucketPolicyOutput{Policy: &policy}, nil
	})
	awsfake.On(a.Fake, func(*s3.PutBucketLifecycleConfigurationInput) (*s3.PutBucketLifecycleConfigurationOutput, error) {
		return &s3.PutBucketLifecycleConfigurationOutput{}, nil
	})
	awsfake.On(a.Fake, func(*s3.PutBucketTaggingInput) (*s3.PutBucketTaggingOutput, error) {
		return &s3.PutBucketTaggingOutput{}, nil
	})
}

func (a *Account) objectCalls() {
	awsfake.On(a.Fake, func(in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
		text, ok := a.Buckets[*in.Bucket][*in.Key]
		if !ok {
			return nil, noObject
		}
		return &s3.GetObjectOutput{Body: io.NopCloser(bytes.NewReader(text))}, nil
	})
	awsfake.On(a.Fake, func(in *s3.PutObjectInput) (*s3.PutObjectOutput, error) {
		objects := a.Buckets[*in.Bucket]
		if objects == nil {
			return nil, noBucket
		}
		if _, there := objects[*in.Key]; there {
			if aws.ToString(in.IfNoneMatch) == "*" {
				return nil, awsfake.Error{Code: "PreconditionFailed", Message: "At least one of the pre-conditions you specified did not hold", Status: 412}
			}
			if strings.HasPrefix(*in.Key, "releases/") {
				a.Overwrote = append(a.Overwrote, *in.Key)
			}
		}
		if !strings.HasPrefix(*in.Key, "code/") { // megabytes that are never read
			objects[*in.Key] = body(a.t, in.Body)
		} else {
			objects[*in.Key] = nil
		}
		return &s3.PutObjectOutput{}, nil
	})
	awsfake.On(a.Fake, func(in *s3.ListObjectsV2Input) (*s3.ListObjectsV2Output, error) {
		objects := a.Buckets[*in.Bucket]
		if objects == nil {
			return nil, noBucket
		}
		out := &s3.ListObjectsV2Output{}
		for _, key := range slices.Sorted(maps.Keys(objects)) {
			out.Contents = append(out.Contents, s3types.Object{Key: &key})
		}
		return out, nil
	})
	awsfake.On(a.Fake, func(in *s3.ListObjectVersionsInput) (*s3.ListObjectVersionsOutput, error) {
		objects := a.Buckets[*in.Bucket]
		if objects == nil {
			return nil, noBucket
		}
		out := &s3.ListObjectVersionsOutput{}
		for _, key := range slices.Sorted(maps.Keys(objects)) {
			out.Versions = append(out.Versions, s3types.ObjectVersion{
				Key: &key, VersionId: aws.String("1"), Size: aws.Int64(int64(len(objects[key]))), IsLatest: aws.Bool(true),
			})
		}
		return out, nil
	})
	awsfake.On(a.Fake, func(in *s3.DeleteObjectsInput) (*s3.DeleteObjectsOutput, error) {
		for _, o := range in.Delete.Objects {
			delete(a.Buckets[*in.Bucket], *o.Key)
		}
		return &s3.DeleteObjectsOutput{}, nil
	})
	awsfake.On(a.Fake, func(*s3.ListMultipartUploadsInput) (*s3.ListMultipartUploadsOutput, error) {
		return &s3.ListMultipartUploadsOutput{}, nil
	})
}
