package iam

// seeParts lets somebody look whether the parts of a stage are there, and protected.
func seeParts(t Target) []Statement {
	return []Statement{
		allow("SeeTheUserPool", t.userPools(), "cognito-idp:DescribeUserPool"),
		allow("SeeTheTable", t.table(), "dynamodb:DescribeTable", "dynamodb:DescribeContinuousBackups"),
		allow("SeeTheBucketOfSaves", t.ofS3(t.Saves), "s3:GetBucketPolicy", "s3:GetBucketVersioning", "s3:GetBucketPublicAccessBlock"),
		allow("SeeTheRoles", t.roles(), "iam:GetRole"),
		allow("SeeTheAPI", t.anyAPI(), "apigateway:GET"),
		allow("SeeWhoIsTold", t.arns("sns", "", t.AlarmTopic), "sns:ListSubscriptionsByTopic"),
		// These know no resources: names and states of stacks, of log groups and of alarms,
		// figures of metrics, and quotas.
		allow("SeeTheAccount", everything(), "cloudformation:ListStacks", "logs:DescribeLogGroups", "cloudwatch:DescribeAlarms",
			"cloudwatch:GetMetricStatistics", "lambda:GetAccountSettings", "ses:GetAccount"),
	}
}
