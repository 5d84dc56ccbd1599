package cli

import (
	"strings"
	"testing"

	"github.com/renpy-cloud/renpyctl/internal/stack"
)

// causes are failures in AWS's own words, with where they are from, and what
// is said about them. UG is CloudFormation's user guide ("Troubleshooting").
var causes = []struct {
	source, kind, reason string
	want                 string // the beginning of the advice
}{
	{"aws-solutions/amazon-marketing-cloud-uploader-from-aws#167", "AWS::Logs::LogGroup",
		`Resource handler returned message: "Resource of type 'AWS::Logs::LogGroup' with identifier '{"/properties/LogGroupName":"/aws/lambda/renpy-cloud-dev-syncPlan"}' already exists." (RequestToken: 258db5a1, HandlerErrorCode: AlreadyExists)`,
		"A log group of that name is left"},
	{"serverless/serverless#3237", "AWS::Logs::LogGroup",
		"/aws/lambda/renpy-cloud-dev-syncPlan already exists in stack arn:aws:cloudformation:us-east-1:1:stack/other/1",
		"A log group of that name is left"},
	{"CloudWatch Logs API reference, CreateLogGroup", "AWS::Logs::LogGroup",
		`Resource handler returned message: "Resource limit exceeded. (Service: CloudWatchLogs, Status Code: 400)" (HandlerErrorCode: ServiceLimitExceeded)`,
		"The account has as many log groups"},
	{"S3 API reference, BucketAlreadyExists", "AWS::S3::Bucket",
		"The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.",
		"A bucket of that name exists already."},
	{"aws-cloudformation/rain#744", "AWS::S3::Bucket",
		"Resource of type 'AWS::S3::Bucket' with identifier 'renpy-cloud-dev-saves' already exists.",
		"A bucket of that name exists already."},
	{"S3 API reference, OperationAborted", "AWS::S3::Bucket",
		"A conflicting conditional operation is currently in progress against this resource. Please try again. (Service: S3, Status Code: 409)",
		"S3 is still busy"},
	{"S3 API reference, TooManyBuckets", "AWS::S3::Bucket",
		"You have attempted to create more buckets than allowed (Service: S3, Status Code: 400)",
		"The account has as many buckets"},
	{"aws-samples/unishop-monolith-to-microservices#47", "AWS::S3::BucketPolicy",
		`Resource handler returned message: "Access Denied (Service: S3, Status Code: 403, Request ID: X, Extended Request ID: X" (RequestToken: X, HandlerErrorCode: AccessDenied)`,
		"The credentials that CloudFormation works with lack a permission."},
	{"prowler-cloud/prowler#793", "AWS::S3::BucketPolicy", "API: s3:PutBucketPolicy Access Denied",
		"The credentials that CloudFormation works with lack permission for s3:PutBucketPolicy."},
	{"S3 API reference; a bucket policy's conflict is not the bucket's", "AWS::S3::BucketPolicy",
		"The bucket policy already exists on bucket renpy-cloud-dev-saves.", ""},
	{"hashicorp/terraform-provider-aws#44517", "AWS::Lambda::Function",
		"Resource handler returned message: \"The role defined for the function cannot be assumed by Lambda. (Service: Lambda, Status Code: 400)\"",
		"IAM has not spread the new role yet."},
	{"aws/aws-cdk-cli#1000", "AWS::Lambda::Function",
		"Resource of type 'AWS::Lambda::Function' with identifier 'renpy-cloud-dev-syncPlan' already exists.",
		"A function of that name exists already"},
	{"Lambda API reference, ResourceConflictException", "AWS::Lambda::Function",
		`Resource handler returned message: "Function already exist: renpy-cloud-dev-syncPlan (Service: Lambda, Status Code: 409)"`,
		"A function of that name exists already"},
	{"AWS re:Post, Lambda CREATE_FAILED", "AWS::Lambda::Function",
		`Resource handler returned message: "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist. (Service: Lambda, Status Code: 400)"`,
		"The function's code is not in the artefact bucket."},
	{"Lambda API reference, CodeStorageExceededException", "AWS::Lambda::Function",
		"Code storage limit exceeded. (Service: Lambda, Status Code: 400)",
		"The account's space for Lambda code is full."},
	{"aws-samples/websocket-chat-application#56", "AWS::Cognito::UserPoolDomain",
		"Domain already associated with another user pool. (Service: AWSCognitoIdentityProviderService; Status Code: 400; Error Code: InvalidParameterException)",
		"The user pool's domain is taken."},
	{"IAM's wording, which names the type's own word", "AWS::Cognito::UserPoolDomain",
		"User: arn:aws:iam::1:user/ann is not authorized to perform: cognito-idp:CreateUserPoolDomain on resource: *",
		"The credentials that CloudFormation works with lack permission for cognito-idp:CreateUserPoolDomain."},
	{"Cognito API reference, CreateUserPool, LimitExceededException", "AWS::Cognito::UserPool",
		"Exceeded the quota (Service: AWSCognitoIdentityProviderService; Status Code: 400; Error Code: LimitExceededException)",
		"The account has as many user pools"},
	{"localstack/localstack#11947", "AWS::Cognito::UserPool",
		"The user pool cannot be deleted because deletion protection is activated. Deletion protection must be inactivated first.",
		"The user pool is protected against deletion"},
	{"aws-amplify/amplify-cli#4227", "AWS::Cognito::UserPool",
		"Updates are not allowed for property - UsernameConfiguration.",
		"Cognito does not let this setting"},
	{"aws-amplify/amplify-backend#3299", "AWS::Cognito::UserPool",
		"Invalid AttributeDataType input, consider using the provided AttributeDataType enum.",
		"Cognito does not let this setting"},
	{"aws-amplify/amplify-backend#3299", "AWS::Cognito::UserPool",
		"Existing schema attributes cannot be modified or deleted.",
		"Cognito does not let this setting"},
	{"aws-amplify/amplify-backend#2805", "AWS::Cognito::UserPool",
		`Resource handler returned message: "The following features need to be disabled for the LITE pricing tier configured: Passwordless Sign-In (Service: CognitoIdentityProvider, Status Code: 400)"`,
		"The setting UserPoolTier does not allow this."},
	{"nubo-db/dynoxide#46", "AWS::DynamoDB::Table",
		"Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
		"The table is protected against deletion"},
	{"DynamoDB API reference, LimitExceededException", "AWS::DynamoDB::Table",
		"Subscriber limit exceeded: There is a limit of 500 tables that can be created, updated, or deleted simultaneously",
		"The account has as many tables"},
	{"IAM API reference, LimitExceeded", "AWS::IAM::Role",
		"Cannot exceed quota for RolesPerAccount: 1000 (Service: Iam, Status Code: 409)",
		"The account has as many roles"},
	{"data-dot-all/dataall#1233", "AWS::IAM::Role",
		`Resource handler returned message: "User: arn:aws:sts::1:assumed-role/x/AWSCloudFormation is not authorized to perform: iam:CreateRole on resource: arn:aws:iam::1:role/renpy-cloud-dev-SyncPlanRole-1X because no permissions boundary allows the iam:CreateRole action (Service: Iam, Status Code: 403)"`,
		"The account demands a permissions boundary"},
	{"aws-solutions/quota-monitor-for-aws#86", "AWS::IAM::Role",
		"API: iam:CreateRole User: arn:aws:sts::1:assumed-role/x/ann is not authorized to perform: iam:CreateRole on resource: arn:aws:iam::1:role/renpy-cloud-dev-SyncPlanRole-1X with an explicit deny",
		"A policy of the account or its organisation forbids this."},
	{"IAM guide, Troubleshoot access denied", "AWS::DynamoDB::Table",
		"User: arn:aws:iam::1:user/ann is not authorized to perform: dynamodb:CreateTable on resource: * because no permissions boundary allows the dynamodb:CreateTable action",
		"The permissions boundary of these credentials"},
	{"IAM guide, Troubleshoot access denied", "AWS::DynamoDB::Table",
		"User: arn:aws:iam::1:user/ann is not authorized to perform: dynamodb:CreateTable on resource: * because no session policy allows the dynamodb:CreateTable action",
		"The session was begun with a policy"},
	{"IAM guide, Troubleshoot access denied", "AWS::DynamoDB::Table",
		"User: arn:aws:iam::1:user/ann is not authorized to perform: dynamodb:CreateTable on resource: * because no VPC endpoint policy allows the dynamodb:CreateTable action",
		"The VPC endpoint on the way"},
	{"S3 guide, Object Lock", "", "Access Denied because object protected by object lock.", "Object lock keeps these versions"},
	{"S3 guide, MFA delete", "", "Mfa Authentication must be used for this request", "The bucket has MFA delete switched on."},
	{"anomalyco/sst#125", "AWS::ApiGatewayV2::Stage",
		"Insufficient permissions to enable logging (Service: AmazonApiGatewayV2; Status Code: 400; Error Code: BadRequestException)",
		"API Gateway may not write its access log."},
	{"AWS re:Post, API Gateway access logs", "AWS::ApiGatewayV2::Stage",
		"Cannot enable logging. Policy document length breaking Cloudwatch Logs Constraints, either < 1 or > 5120 (Service: AmazonApiGatewayV2; Status Code: 400)",
		"API Gateway may not write its access log."},
	{"haandol/cognito-kakao-example#1", "AWS::ApiGatewayV2::Authorizer",
		"Caught exception when connecting to https://cognito-idp.eu-west-1.amazonaws.com/x/.well-known/openid-configuration for issuer https://cognito-idp.eu-west-1.amazonaws.com/x. Please try again later. Error: Invalid issuer: https://cognito-idp.eu-west-1.amazonaws.com/x.",
		"API Gateway could not read the user pool's public keys."},
	{"API Gateway API reference, TooManyRequestsException", "AWS::ApiGatewayV2::Route",
		"Too Many Requests (Service: AmazonApiGatewayV2; Status Code: 429; Error Code: TooManyRequestsException)",
		"AWS asks to slow down."},
	{"any service", "AWS::IAM::Role", "Rate exceeded (Service: Iam, Status Code: 400)", "AWS asks to slow down."},
	{"UG, Prevent updates to stack resources", "AWS::DynamoDB::Table",
		"Action denied by stack policy: Statement [#1] does not allow [Update:Replace] for resource [LogicalResourceId/ManifestTable]",
		"The stack's own policy forbids it"},
	{"any service", "AWS::S3::Bucket", "The security token included in the request is expired (Service: S3, Status Code: 403)",
		"The session ran out while CloudFormation worked with it."},
	{"no cause that is known", "AWS::S3::Bucket", "Internal Failure", ""},
}

func TestAdvice(t *testing.T) {
	used := map[string]bool{}
	for _, c := range causes {
		got := advise(stack.Event{Type: c.kind, Reason: c.reason})
		used[got] = true
		if !strings.HasPrefix(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%s (%s)\n%q\n  gives %q,\n  want  %q", c.kind, c.source, c.reason, got, c.want)
		}
	}
	for _, list := range [][]knownCause{forbidden, knownCauses} {
		for _, k := range list {
			if !used[k.advice] {
				t.Errorf("no cause leads to %q", k.advice)
			}
		}
	}
}
