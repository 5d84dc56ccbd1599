package iam

// seeParts lets somebody look whether the parts of a stage are there, and protected.
func seeParts(t Target) []Statement {
	return []Statement{
		allow("ListTheStages", everything(), "cloudformation:ListStacks"), // by their names alone
		allow("SeeTheUserPool", t.userPools(), "cognito-idp:DescribeUserPool"),
		allow("SeeTheTable", t.table(), "dynamodb:DescribeTable", "dynamodb:DescribeContinuousBackups"),
		allow("SeeTheBucketOfSaves", t.ofS3(t.Saves), "s3:GetBucketPolicy", "s3:GetBucketVersioning", "s3:GetBucketPublicAccessBlock"),
		allow("SeeTheRoles", t.roles(), "iam:GetRole"),
		allow("SeeTheAPI", t.anyAPI(), "apigateway:GET"),
		allow("ListTheLogGroups", everything(), "logs:DescribeLogGroups"),                  // which knows no resources
		allow("ReadTheMetrics", everything(), "cloudwatch:GetMetricStatistics"),            // nor does CloudWatch for metrics
		allow("SeeTheLimits", everything(), "lambda:GetAccountSettings", "ses:GetAccount"), // of the account
	}
}
