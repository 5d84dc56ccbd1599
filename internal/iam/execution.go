package iam

import "slices"

// Execution returns what CloudFormation does to the stage's resources. It is
// for whoever CloudFormation works as: the caller of renpyctl, or the stack's
// execution role if the stack has been given one. Nothing in it may be done
// past CloudFormation, which works by forward access sessions in both cases
// (CloudFormation user guide, "Forward access sessions (FAS) requests and
// permission evaluation") and so appears in aws:CalledVia.
func Execution(t Target) Document {
	var statements []Statement
	for _, s := range resources(t) {
		statements = append(statements, s.when("ForAnyValue:StringEquals", "aws:CalledVia", "cloudformation.amazonaws.com"))
	}
	return document(statements...)
}

// resources lists what the handlers of the template's resource types need for
// the properties that the template has, as their schemas say. They read every setting of a resource,
// used or not, so reading settings is allowed by wildcards. Others (*ag*Resource for
// tags) stand for all of a family, since a managed policy has room for 6,144 characters.
func resources(t Target) []Statement {
	return []Statement{
		// CreateUserPool names no pool, and a domain is looked up by its own name.
		allow("MakeTheUserPool", everything(), "cognito-idp:CreateUserPool", "cognito-idp:DescribeUserPoolDomain"),
		allow("KeepTheUserPool", t.anyUserPool(),
			"cognito-idp:DescribeUserPool", "cognito-idp:UpdateUserPool", "cognito-idp:DeleteUserPool",
			"cognito-idp:*UserPoolMfaConfig", "cognito-idp:*ag*Resource",
			"cognito-idp:*UserPoolClient", "cognito-idp:ListUserPoolClientSecrets",
			"cognito-idp:CreateUserPoolDomain", "cognito-idp:DeleteUserPoolDomain"),
		// Cognito makes itself the role by which it sends mails through SES, once in an account.
		allow("LetCognitoMail", t.mailRole(), "iam:CreateServiceLinkedRole"),
		allow("KeepTheTable", t.table(),
			"dynamodb:*Table", "dynamodb:Describe*", "dynamodb:UpdateContinuousBackups",
			"dynamodb:GetResourcePolicy", "dynamodb:*ag*Resource"),
		allow("KeepTheBucketOfSaves", t.ofS3(t.Saves),
			"s3:CreateBucket", "s3:DeleteBucket", "s3:ListBucket", "s3:GetBucket*", "s3:Get*Configuration",
			"s3:PutBucketCORS", "s3:PutBucketOwnershipControls", "s3:*BucketPolicy",
			"s3:PutBucketPublicAccessBlock", "s3:PutBucketTagging", "s3:PutBucketVersioning",
			"s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration",
			"s3:*ag*Resource"),
		// Whatever has tags when it is made needs TagResource too (aws-amplify/amplify-cli#12316).
		allow("KeepTheAPI", t.apis(),
			"apigateway:GET", "apigateway:POST", "apigateway:PUT", "apigateway:PATCH", "apigateway:DELETE",
			"apigateway:TagResource", "apigateway:UntagResource"),
		allow("KeepTheFunctions", t.functions(),
			"lambda:CreateFunction", "lambda:DeleteFunction", "lambda:GetFunction*", "lambda:GetRuntimeManagementConfig",
			"lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration",
			"lambda:AddPermission", "lambda:GetPolicy", "lambda:RemovePermission", "lambda:ListTags", "lambda:*agResource"),
		allow("TakeTheFunctionsCode", t.ofS3(t.Artifacts+"/code/*"), "s3:GetObject", "s3:GetObjectVersion"),
		grantToRoles(t),
		allow("KeepTheFunctionsRoles", t.roles(),
			"iam:DeleteRole", "iam:GetRole", "iam:UpdateRole", "iam:UpdateRoleDescription", "iam:UpdateAssumeRolePolicy",
			"iam:GetRolePolicy", "iam:DeleteRolePolicy", "iam:List*RolePolicies",
			"iam:ListRoleTags", "iam:TagRole", "iam:UntagRole"),
		passRoles(t),
		// One statement for all that watches: each action reaches the resources of its own service.
		allow("KeepLogGroupsAndAlarms", slices.Concat(t.logGroups(append(slices.Clone(t.FunctionLogs), t.AccessLog)...),
			t.arns("cloudwatch", "alarm:", t.Alarms), t.arns("sns", "", t.AlarmTopic)),
			"cloudwatch:*", "sns:*", "logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:PutRetentionPolicy", "logs:GetDataProtectionPolicy",
			"logs:*ag*Resource"),
		// None of these knows resources. API Gateway sets its access log up by the
		// deliveries and the policy, with the rights of whoever makes the stage.
		allow("LetTheAPILog", everything(),
			"logs:DescribeLogGroups", "logs:DescribeIndexPolicies", "logs:DescribeResourcePolicies", "logs:PutResourcePolicy",
			"logs:*LogDelivery", "logs:ListLogDeliveries"),
	}
}

// grantToRoles lets the functions' roles be given permissions: any, unless the
// roles are bound. Nothing allows to take the boundary away.
func grantToRoles(t Target) Statement {
	if t.Boundary == "" {
		return allow("GrantToTheFunctionsRoles", t.roles(), "iam:CreateRole", "iam:PutRolePolicy")
	}
	return allow("GrantToBoundRolesOnly", t.roles(), "iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary").
		when("StringEquals", "iam:PermissionsBoundary", t.Boundary)
}

// passRoles lets the functions' roles be given to functions, and to nothing else.
func passRoles(t Target) Statement {
	return allow("GiveRolesToFunctionsOnly", t.roles(), "iam:PassRole").
		when("StringEquals", "iam:PassedToService", "lambda.amazonaws.com")
}
