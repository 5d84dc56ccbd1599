package iam

// Support returns what is needed to look at a stage and to help its players:
// info, config, logs, releases, drift, users list and users confirm. It changes
// nothing but the state of players' accounts.
func Support(t Target) Document {
	d := document(
		allow("SeeTheStack", t.stack(), "cloudformation:DescribeStacks", "cloudformation:GetTemplate", "cloudformation:GetStackPolicy", "cloudformation:ListChangeSets"),
		allow("SeeTheFunctions", t.functions(), "lambda:GetFunctionConfiguration"),
		allow("ReadTheFunctionsLogs", t.logGroups(t.FunctionLogs...), "logs:FilterLogEvents"),
		// Without the right to list, S3 answers 403 and not 404 for what is not there.
		allow("FindTheReleases", t.ofS3(t.Artifacts), "s3:ListBucket"),
		allow("ReadTheReleases", t.ofS3(t.Artifacts+"/releases/*"), "s3:GetObject"),
		allow("FindAndConfirmPlayers", t.userPools(),
			"cognito-idp:ListUsers", "cognito-idp:AdminConfirmSignUp", "cognito-idp:AdminUpdateUserAttributes"),
	)
	d.Statement = append(d.Statement, seeParts(t)...)
	return d
}
