package iam

// Support returns what people need who help players: to look at a stage, its
// logs and its players, and to change players' accounts. It changes nothing
// about the stack.
func Support(t Target) Document {
	d := SupportReadOnly(t)
	d.Statement = append(d.Statement, changePlayers(t))
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
		lookAtPlayers(t), readRecords(t),
	)
	d.Statement = append(d.Statement, seeParts(t)...)
	return d
}
