package iam

// Boundary returns the most that the functions' roles can be given where they
// are bound by it, whatever the template says: what the template gives them, on
// the stage's own resources. s3:DeleteObject puts delete markers; to destroy a
// version takes s3:DeleteObjectVersion, which is not among it.
func Boundary(t Target) Document {
	return document(
		allow("Manifest", t.table(), "dynamodb:GetItem", "dynamodb:UpdateItem"),
		allow("Saves", t.objectsOfPlayers(),
			"s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject"),
		allow("TellMissingFromForbidden", t.ofS3(t.Saves), "s3:ListBucket", "s3:ListBucketVersions"),
		allow("Logs", t.arns("logs", "log-group:", logStreams(t.FunctionLogs)...), "logs:CreateLogStream", "logs:PutLogEvents"),
	)
}

// logStreams returns the patterns of all streams in log groups.
func logStreams(groups []string) []string {
	var list []string
	for _, g := range groups {
		list = append(list, g+":log-stream:*")
	}
	return list
}
