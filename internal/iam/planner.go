package iam

// Planner returns what plan and drift need, for pull requests and nightly checks: to
// look at a stage that is deployed, to make change sets of it and to delete them, and
// to put code and templates into the artefact bucket, where each is named by its hash.
// It executes nothing, and sees no player and no save.
//
// CreateChangeSet asks for no permission of the resources that would change (CloudFormation
// user guide, Control CloudFormation access with IAM).
func Planner(t Target) Document {
	d := document(
		allow("PlanForTheStack", append(t.stack(), t.changeSets()...),
			"cloudformation:DescribeStacks", "cloudformation:GetTemplate", "cloudformation:ListStackResources", "cloudformation:GetStackPolicy",
			"cloudformation:CreateChangeSet", "cloudformation:DescribeChangeSet", "cloudformation:DeleteChangeSet", "cloudformation:ListChangeSets",
			"cloudformation:TagResource"), // a change set names the stack's tags
		allow("SeeTheFunctions", t.functions(), "lambda:GetFunctionConfiguration"),
		// Without the right to list, S3 answers 403 and not 404 for what is not there.
		allow("FindArtefactsAndReleases", t.ofS3(t.Artifacts), "s3:ListBucket"),
		allow("ReadArtefactsAndReleases", t.ofS3(t.Artifacts+"/*"), "s3:GetObject", "s3:GetObjectVersion"),
		allow("KeepArtefacts", append(t.ofS3(t.Artifacts+"/code/*"), t.ofS3(t.Artifacts+"/template/*")...), "s3:PutObject"),
	)
	d.Statement = append(d.Statement, seeParts(t)...)
	return d
}
