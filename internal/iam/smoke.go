package iam

// Smoke returns what trying a stage takes: to make a test player and to erase one. IAM
// cannot tell a test player from others, so whoever has this could erase any. Beside
// [Caller] it is what deploying with a test needs.
func Smoke(t Target) Document {
	return document(
		allow("FindTheStack", t.stack(), "cloudformation:DescribeStacks"),
		allow("MakeAndEraseTestPlayers", t.userPools(),
			"cognito-idp:AdminCreateUser", "cognito-idp:AdminSetUserPassword", "cognito-idp:AdminDeleteUser", "cognito-idp:ListUsers"),
		allow("EraseRecordsOfTestPlayers", t.table(), "dynamodb:DeleteItem"),
		allow("FindSavesOfTestPlayers", t.ofS3(t.Saves), "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"),
		allow("EraseSavesOfTestPlayers", t.objectsOfPlayers(), "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:AbortMultipartUpload"),
	)
}
