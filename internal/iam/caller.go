package iam

import "slices"

// Caller returns what whoever runs renpyctl needs for its own calls, every
// command included but those about players: those need [Support] beside it. Unless
// the stack has an execution role, so is [Execution] needed: one managed policy has
// no room for all.
func Caller(t Target) Document {
	d := document(
		allow("OperateTheStack", append(t.stack(), t.changeSets()...),
			"cloudformation:DescribeStacks", "cloudformation:GetTemplate", "cloudformation:ListStackResources",
			"cloudformation:DescribeStackEvents", "cloudformation:DescribeEvents",
			"cloudformation:CreateChangeSet", "cloudformation:DescribeChangeSet", "cloudformation:ExecuteChangeSet", "cloudformation:DeleteChangeSet", "cloudformation:ListChangeSets",
			"cloudformation:CancelUpdateStack", "cloudformation:ContinueUpdateRollback", "cloudformation:RollbackStack", "cloudformation:DeleteStack",
			"cloudformation:GetStackPolicy", "cloudformation:SetStackPolicy", "cloudformation:UpdateTerminationProtection",
			"cloudformation:TagResource"), // the stack is made with a tag
		// These know no resources: whose a remnant is, by the name of a resource, whatever its
		// stack; and what the whole account has cost.
		allow("SeeRemnantsAndTheBill", everything(), "cloudformation:DescribeStackResources", "ce:GetCostAndUsage"),
		allow("KeepTheArtefactBucket", t.ofS3(t.Artifacts),
			"s3:CreateBucket", "s3:DeleteBucket", "s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads",
			"s3:PutBucketOwnershipControls", "s3:PutBucketPolicy", "s3:PutBucketPublicAccessBlock", "s3:PutBucketTagging",
			"s3:PutBucketVersioning", "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration"),
		allow("KeepArtefactsAndReleases", t.ofS3(t.Artifacts+"/*"),
			"s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:AbortMultipartUpload"),
		allow("SeeAndUpdateTheFunctions", t.functions(),
			"lambda:GetFunctionConfiguration", "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration"),
		passRoles(t),
		allow("ReadTheLogs", t.logGroups(append([]string{t.AccessLog}, t.FunctionLogs...)...), "logs:FilterLogEvents"),
		allow("ProtectAndRemoveTheUserPool", t.userPools(), "cognito-idp:UpdateUserPool", "cognito-idp:TagResource", "cognito-idp:DeleteUserPool"),
		allow("ProtectAndRemoveTheTable", t.table(), "dynamodb:UpdateTable", "dynamodb:UpdateContinuousBackups", "dynamodb:DeleteTable"),
		allow("ProtectAndRemoveTheBucketOfSaves", t.ofS3(t.Saves), "s3:PutBucketVersioning", "s3:PutBucketPublicAccessBlock",
			"s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads", "s3:PutBucketPolicy", "s3:DeleteBucket"),
		// DeleteObjects asks for DeleteObject always, and for DeleteObjectVersion too
		// where it names a version (S3 API reference, DeleteObjects).
		allow(removeTheSaves, t.ofS3(t.Saves+"/*"), "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:AbortMultipartUpload"),
	)
	d.Statement = append(d.Statement, seeParts(t)...)
	d.Statement = append(d.Statement, allow("AskWhatCredentialsMay", t.principals(), "iam:SimulatePrincipalPolicy"))
	if t.ExecutionRole != "" {
		d.Statement = append(d.Statement, allow("HandTheExecutionRoleToCloudFormation", []string{t.ExecutionRole}, "iam:PassRole").
			when("StringEquals", "iam:PassedToService", "cloudformation.amazonaws.com"))
	}
	return d
}

// removeTheSaves is the Sid of a statement that only a removal needs.
const removeTheSaves = "RemoveTheSaves"

// CallerWithoutRemoval is [Caller] for who never takes a stage down, as CI: it allows
// nothing that deletes a stack, a bucket, a table, a user pool or a save. What a first
// deploy that fails leaves then stays.
func CallerWithoutRemoval(t Target) Document {
	d := Caller(t)
	d.Statement = slices.DeleteFunc(d.Statement, func(s Statement) bool { return s.Sid == removeTheSaves })
	for i := range d.Statement {
		d.Statement[i].Action = slices.DeleteFunc(d.Statement[i].Action, func(action string) bool {
			return slices.Contains([]string{"cloudformation:DeleteStack", "s3:DeleteBucket", "dynamodb:DeleteTable", "cognito-idp:DeleteUserPool"}, action)
		})
	}
	return d
}
