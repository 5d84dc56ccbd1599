package awsaccount

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
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

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/lambda"
)

// Pool is a user pool of an [Account].
type Pool struct {
	Protected bool
	Sender    string // of mails: the ARN of an SES identity, "" for Cognito's own
	Name      string // "" for that of stage dev
	Tier      string // of Cognito's feature plans; "" for LITE
}

// Function is a Lambda function of an [Account].
type Function struct {
	Hash        string // of its code, as Lambda reports it
	Role        string // its ARN
	Handler     string
	Memory      int32
	Timeout     int32
	Environment map[string]string
}

// newFunction makes a function as the template has it, with a stack's parameters.
func (a *Account) newFunction(of stage.Function, parameters map[string]string) *Function {
	refs := maps.Clone(parameters)
	for _, id := range resources() {
		refs[id] = Physical(id)
	}
	refs["SyncPlanRole.Arn"], refs["AWS::URLSuffix"] = RoleARN, "amazonaws.com"
	refs["SyncCompleteRole.Arn"] = "arn:aws:iam::" + ID + ":role/" + completeRole
	properties := cfn.Properties(cfn.Template(), of.LogicalID)
	setting := func(path string) string {
		value, _ := cfn.Resolve(properties[path], refs)
		return value
	}
	number := func(path string) int32 {
		n, _ := strconv.Atoi(setting(path))
		return int32(n)
	}
	f := &Function{
		Hash: a.code(parameters[cfn.ParamArtifactsBucket], parameters[of.CodeParameter], parameters[of.PinParameter]), Role: setting("Role"), Handler: setting("Handler"),
		Memory: number("MemorySize"), Timeout: number("Timeout"), Environment: map[string]string{},
	}
	for path := range properties {
		if name, isVariable := strings.CutPrefix(path, "Environment.Variables."); isVariable {
			f.Environment[name] = setting(path)
		}
	}
	return f
}

// code is the hash of what Lambda takes from a bucket, as it reports it. Code that
// a test has not written is what its key says.
func (a *Account) code(bucket, key, version string) string {
	versions := a.Versions[bucket+"/"+key]
	for _, v := range slices.Backward(versions) {
		if version == "" || v.ID == version {
			return v.Sum
		}
	}
	return lambda.CodeSha256(stage.CodeHash(key))
}

// Version is a version of an object in a bucket.
type Version struct {
	ID  string
	Sum string // SHA-256 in base64
}

// Put writes an object into stage dev's artefact bucket, as somebody does who may
// do nothing else.
func (a *Account) Put(key, body string) {
	const bucket = "renpyctl-dev-" + ID + "-" + Region
	sum := sha256.Sum256([]byte(body))
	a.Buckets[bucket][key] = []byte(body)
	a.addVersion(bucket, key, base64.StdEncoding.EncodeToString(sum[:]))
}

func (a *Account) addVersion(bucket, key, sum string) (id string) {
	name := bucket + "/" + key
	id = fmt.Sprintf("v%d", len(a.Versions[name])+1)
	a.Versions[name] = append(a.Versions[name], Version{id, sum})
	return id
}

// RoleARN is the role of syncPlan in an [Account].
const RoleARN = "arn:aws:iam::" + ID + ":role/renpy-cloud-dev-SyncPlanRole-1X"

var (
	noObject   = awsfake.Error{Code: "NoSuchKey", Message: "The specified key does not exist.", Status: 404}
	noHead     = awsfake.Error{Code: "NotFound", Message: "Not Found", Status: 404}
	noBucket   = awsfake.Error{Code: "NoSuchBucket", Message: "The specified bucket does not exist", Status: 404}
	noFunction = awsfake.Error{Code: "ResourceNotFoundException", Message: "Function not found", Status: 404}
	noPool     = awsfake.Error{Code: "ResourceNotFoundException", Message: "User pool does not exist."}
	// conditionFailed is how DynamoDB answers when a condition does not hold.
	conditionFailed = awsfake.Error{Code: "ConditionalCheckFailedException", Message: "The conditional request failed"}
	noTable         = awsfake.Error{Code: "ResourceNotFoundException", Message: "Requested resource not found"}
)

// services answers for all services but CloudFormation.
func (a *Account) services() {
	awsfake.On(a.Fake, func(*sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
		return &sts.GetCallerIdentityOutput{Account: &a.Caller.Account, Arn: &a.Caller.ARN}, nil
	})
	a.lambda()
	a.cloudWatch()
	a.alarms()
	a.cognito()
	a.parts()
	a.dynamoDB()
	a.bucketCalls()
	a.objectCalls()
	a.limits()
}

func (a *Account) lambda() {
	awsfake.On(a.Fake, func(in *lambdaapi.GetFunctionConfigurationInput) (*lambdaapi.GetFunctionConfigurationOutput, error) {
		f, ok := a.Functions[*in.FunctionName]
		if !ok {
			return nil, noFunction
		}
		return &lambdaapi.GetFunctionConfigurationOutput{
			FunctionName: in.FunctionName, CodeSha256: &f.Hash, CodeSize: 3_104_512, MemorySize: &f.Memory,
			Timeout: &f.Timeout, Role: &f.Role, Handler: &f.Handler,
			Architectures: []lambdatypes.Architecture{lambdatypes.ArchitectureArm64}, Runtime: lambdatypes.RuntimeProvidedal2023,
			Environment: &lambdatypes.EnvironmentResponse{Variables: f.Environment}, LastUpdateStatus: lambdatypes.LastUpdateStatusSuccessful,
		}, nil
	})
	awsfake.On(a.Fake, func(in *lambdaapi.UpdateFunctionCodeInput) (*lambdaapi.UpdateFunctionCodeOutput, error) {
		a.Functions[*in.FunctionName].Hash = a.code(*in.S3Bucket, *in.S3Key, aws.ToString(in.S3ObjectVersion))
		return &lambdaapi.UpdateFunctionCodeOutput{}, nil
	})
	awsfake.On(a.Fake, func(in *lambdaapi.UpdateFunctionConfigurationInput) (*lambdaapi.UpdateFunctionConfigurationOutput, error) {
		f := a.Functions[*in.FunctionName]
		f.Memory, f.Timeout, f.Environment = *in.MemorySize, *in.Timeout, in.Environment.Variables
		f.Role, f.Handler = *in.Role, *in.Handler
		return &lambdaapi.UpdateFunctionConfigurationOutput{}, nil
	})
}

func (a *Account) cognito() {
	a.Directory.Serve(a.Fake)
	awsfake.On(a.Fake, func(in *idp.DescribeUserPoolInput) (*idp.DescribeUserPoolOutput, error) {
		p, ok := a.Pools[*in.UserPoolId]
		if !ok {
			return nil, noPool
		}
		pool := &idptypes.UserPoolType{
			Id: in.UserPoolId, Name: aws.String(cmp.Or(p.Name, "renpy-cloud-dev")), EstimatedNumberOfUsers: a.Players, DeletionProtection: idptypes.DeletionProtectionTypeInactive,
			Policies: &idptypes.UserPoolPolicyType{PasswordPolicy: &idptypes.PasswordPolicyType{
				MinimumLength: aws.Int32(8), RequireLowercase: true, RequireUppercase: true, RequireNumbers: true,
			}},
			UserPoolTier: idptypes.UserPoolTierType(cmp.Or(p.Tier, "LITE")),
			UserPoolTags: map[string]string{stage.Tag: "dev", "aws:cloudformation:stack-name": "renpy-cloud-dev"},
		}
		if p.Sender != "" {
			pool.EmailConfiguration = &idptypes.EmailConfigurationType{EmailSendingAccount: idptypes.EmailSendingAccountTypeDeveloper, SourceArn: &p.Sender}
		}
		if p.Protected {
			pool.DeletionProtection = idptypes.DeletionProtectionTypeActive
		}
		return &idp.DescribeUserPoolOutput{UserPool: pool}, nil
	})
	awsfake.On(a.Fake, func(in *idp.UpdateUserPoolInput) (*idp.UpdateUserPoolOutput, error) {
		for key := range in.UserPoolTags {
			if strings.HasPrefix(key, "aws:") { // as other services answer, so the wording is theirs
				return nil, awsfake.Error{Code: "InvalidParameterException", Message: "aws: prefixed tag key names are not allowed for external use."}
			}
		}
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
				out.LogGroups = append(out.LogGroups, cwltypes.LogGroup{LogGroupName: &name, RetentionInDays: aws.Int32(cmp.Or(a.Retention[name], 30))})
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
	awsfake.On(a.Fake, func(in *dynamodb.GetItemInput) (*dynamodb.GetItemOutput, error) {
		if _, ok := a.Tables[*in.TableName]; !ok {
			return nil, noTable
		}
		return &dynamodb.GetItemOutput{Item: a.item(in.Key)}, nil
	})
	awsfake.On(a.Fake, a.updateItem)
	awsfake.On(a.Fake, func(in *dynamodb.PutItemInput) (*dynamodb.PutItemOutput, error) {
		key := keyOf(in.Item)
		if a.Items[key] != nil && in.ConditionExpression != nil {
			return nil, conditionFailed
		}
		a.Items[key] = in.Item
		return &dynamodb.PutItemOutput{}, nil
	})
	awsfake.On(a.Fake, func(in *dynamodb.DeleteItemInput) (*dynamodb.DeleteItemOutput, error) {
		delete(a.Items, keyOf(in.Key))
		if textOf(in.Key["game_id"]) == "*" {
			delete(a.Records, textOf(in.Key["user_id"]))
		}
		return &dynamodb.DeleteItemOutput{}, nil
	})
	awsfake.On(a.Fake, func(in *dynamodb.QueryInput) (*dynamodb.QueryOutput, error) {
		out := &dynamodb.QueryOutput{}
		for _, key := range slices.Sorted(maps.Keys(a.Items)) {
			if strings.HasPrefix(key, textOf(in.ExpressionAttributeValues[":user"])+" ") {
				out.Items = append(out.Items, a.Items[key])
			}
		}
		return out, nil
	})
	awsfake.On(a.Fake, func(in *dynamodb.ScanInput) (*dynamodb.ScanOutput, error) { // the keys, in order
		key := func(player string) map[string]ddbtypes.AttributeValue {
			return map[string]ddbtypes.AttributeValue{
				"user_id": &ddbtypes.AttributeValueMemberS{Value: player}, "game_id": &ddbtypes.AttributeValueMemberS{Value: "*"},
			}
		}
		after, _ := in.ExclusiveStartKey["user_id"].(*ddbtypes.AttributeValueMemberS)
		out := &dynamodb.ScanOutput{}
		for _, player := range slices.Sorted(maps.Keys(a.Records)) {
			if after == nil || player > after.Value {
				out.Items = append(out.Items, key(player))
			}
		}
		return out, nil
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

// Item is an item of the stack's table.
type Item = map[string]ddbtypes.AttributeValue

func textOf(v ddbtypes.AttributeValue) string { return v.(*ddbtypes.AttributeValueMemberS).Value }

func keyOf(item Item) string { return textOf(item["user_id"]) + " " + textOf(item["game_id"]) }

// item returns a player's record as an item, or another item, nil for none.
func (a *Account) item(key Item) Item {
	player := textOf(key["user_id"])
	text, ok := a.Records[player]
	if textOf(key["game_id"]) != "*" || !ok {
		return a.Items[keyOf(key)]
	}
	return Item{
		"record":   &ddbtypes.AttributeValueMemberS{Value: text},
		"revision": &ddbtypes.AttributeValueMemberN{Value: strconv.FormatInt(a.revision(player), 10)},
	}
}

// revision is that of a player's record, 0 if there is none.
func (a *Account) revision(player string) int64 {
	if a.Records[player] == "" {
		return 0
	}
	return max(a.Revisions[player], 1)
}

// updateItem writes a player's record, as the sync protocol does.
func (a *Account) updateItem(in *dynamodb.UpdateItemInput) (*dynamodb.UpdateItemOutput, error) {
	player := textOf(in.Key["user_id"])
	expected := "0"
	if n, ok := in.ExpressionAttributeValues[":revision"].(*ddbtypes.AttributeValueMemberN); ok {
		expected = n.Value
	}
	revision := a.revision(player)
	if strconv.FormatInt(revision, 10) != expected {
		return nil, conditionFailed
	}
	a.Records[player], a.Revisions[player] = textOf(in.ExpressionAttributeValues[":record"]), revision+1
	return &dynamodb.UpdateItemOutput{}, nil
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
		maps.DeleteFunc(a.Versions, func(name string, _ []Version) bool { return strings.HasPrefix(name, *in.Bucket+"/") })
		delete(a.Policies, *in.Bucket)
		return &s3.DeleteBucketOutput{}, nil
	})
	awsfake.On(a.Fake, func(in *s3.PutPublicAccessBlockInput) (*s3.PutPublicAccessBlockOutput, error) {
		if *in.Bucket == Physical(cfn.SaveFilesBucket) {
			delete(a.Unsafe, "private")
		}
		return &s3.PutPublicAccessBlockOutput{}, nil
	})
	awsfake.On(a.Fake, func(*s3.PutBucketEncryptionInput) (*s3.PutBucketEncryptionOutput, error) {
		return &s3.PutBucketEncryptionOutput{}, nil
	})
	awsfake.On(a.Fake, func(in *s3.PutBucketVersioningInput) (*s3.PutBucketVersioningOutput, error) {
		if *in.Bucket == Physical(cfn.SaveFilesBucket) {
			delete(a.Unsafe, "versions")
		}
		return &s3.PutBucketVersioningOutput{}, nil
	})
	awsfake.On(a.Fake, func(in *s3.PutBucketPolicyInput) (*s3.PutBucketPolicyOutput, error) {
		if a.Buckets[*in.Bucket] == nil {
			return nil, noBucket
		}
		if strings.Contains(*in.Policy, `"Effect":"Allow"`) && !a.Unsafe["private"] {
			return nil, awsfake.Error{Code: "AccessDenied", Message: "User is not authorized to perform: s3:PutBucketPolicy because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.", Status: 403}
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
		return &s3.PutObjectOutput{VersionId: aws.String(a.addVersion(*in.Bucket, *in.Key, aws.ToString(in.ChecksumSHA256)))}, nil
	})
	awsfake.On(a.Fake, func(in *s3.HeadObjectInput) (*s3.HeadObjectOutput, error) {
		versions := a.Versions[*in.Bucket+"/"+*in.Key]
		for _, v := range slices.Backward(versions) {
			_, there := a.Buckets[*in.Bucket][*in.Key]
			if in.VersionId == nil && there || aws.ToString(in.VersionId) == v.ID {
				return &s3.HeadObjectOutput{VersionId: &v.ID, ChecksumSHA256: &v.Sum}, nil
			}
		}
		return nil, noHead
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
			if !strings.HasPrefix(key, aws.ToString(in.Prefix)) {
				continue
			}
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
	awsfake.On(a.Fake, func(in *s3.DeleteObjectInput) (*s3.DeleteObjectOutput, error) {
		delete(a.Buckets[*in.Bucket], *in.Key)
		return &s3.DeleteObjectOutput{}, nil
	})
	awsfake.On(a.Fake, func(*s3.ListMultipartUploadsInput) (*s3.ListMultipartUploadsOutput, error) {
		return &s3.ListMultipartUploadsOutput{}, nil
	})
}
