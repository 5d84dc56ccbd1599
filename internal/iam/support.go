package iam

// Support returns what people need who help players: to look at a stage, its
// logs and its players, and to change players' accounts, records and saves. It
// changes nothing about the stack.
func Support(t Target) Document {
	d := SupportReadOnly(t)
	d.Statement = append(d.Statement, changePlayers(t), changeRecords(t), changeSaves(t))
	return d
}

// SupportReadOnly returns the part of [Support] that only looks.
func SupportReadOnly(t Target) Document {
	d := document(
		allow("SeeTheStack", t.stack(), "cloudformation:DescribeStacks", "cloudformation:GetTemplate", "cloudformation:ListStackResources",
			"cloudformation:GetStackPolicy", "cloudformation:ListChangeSets"),
		allow("SeeTheFunctions", t.functions(), "lambda:GetFunctionConfiguration"),
		allow("ReadTheLogs", t.logGroups(append([]string{t.AccessLog}, t.FunctionLogs...)...), "logs:FilterLogEvents"),
		// Without the right to list, S3 answers 403 and not 404 for what is not there.
		allow("FindTheReleases", t.ofS3(t.Artifacts), "s3:ListBucket"),
		allow("ReadTheReleases", t.ofS3(t.Artifacts+"/releases/*"), "s3:GetObject"),
		lookAtPlayers(t), lookAtRecords(t), listSaves(t), readSaves(t),
	)
	d.Statement = append(d.Statement, seeParts(t)...)
	return d
}

// lookAtPlayers lets accounts be listed. The rules for passwords are seen with the parts.
func lookAtPlayers(t Target) Statement {
	return allow("LookAtPlayers", t.userPools(), "cognito-idp:ListUsers")
}

// changePlayers lets single accounts be changed. To send a mail again anybody
// may ask.
func changePlayers(t Target) Statement {
	return allow("LookAfterPlayers", t.userPools(),
		"cognito-idp:AdminConfirmSignUp", "cognito-idp:AdminCreateUser", "cognito-idp:AdminSetUserPassword",
		"cognito-idp:AdminUpdateUserAttributes", "cognito-idp:AdminDisableUser", "cognito-idp:AdminEnableUser",
		"cognito-idp:AdminUserGlobalSignOut", "cognito-idp:AdminDeleteUser")
}

// lookAtRecords lets be seen what players keep, whom an operator has forgotten, and who
// plays.
func lookAtRecords(t Target) Statement {
	return allow("LookAtRecords", t.table(), "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan")
}

// changeRecords lets the sync protocol's records be changed, forgotten players be
// listed, and what the backend before this one left of them be deleted.
func changeRecords(t Target) Statement {
	return allow("LookAfterRecords", t.table(), "dynamodb:UpdateItem", "dynamodb:PutItem", "dynamodb:DeleteItem")
}

// listSaves lets saves be found with their versions. Without the right to list, S3
// answers 403 and not 404 for what is not there.
func listSaves(t Target) Statement {
	return allow("FindSaves", t.ofS3(t.Saves), "s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads")
}

// readSaves lets saves be read, their older versions as well.
func readSaves(t Target) Statement {
	return allow("ReadSaves", t.objectsOfPlayers(), "s3:GetObject", "s3:GetObjectVersion")
}

// changeSaves lets saves be put back and moved, and those of a forgotten player
// be erased. DeleteObjects asks for DeleteObject always, and for DeleteObjectVersion too
// where it names a version (S3 API reference, DeleteObjects).
func changeSaves(t Target) Statement {
	return allow("LookAfterSaves", t.objectsOfPlayers(),
		"s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:AbortMultipartUpload")
}
