package cfn

import "slices"

// MayReplace tells whether changing a property of a resource can make
// CloudFormation replace the resource. The lists are the properties that the
// resource types' schemas call create-only, or conditionally so (AWS-FACTS 1.6
// names the sources). Of resources without a list nothing is ruled out.
func MayReplace(logicalID, property string) bool {
	fixed := map[string][]string{
		UserPool:        {"UsernameAttributes", "AliasAttributes", "UsernameConfiguration", "Schema"},
		UserPoolClient:  {"UserPoolId", "GenerateSecret"},
		ManifestTable:   {"TableName", "KeySchema", "AttributeDefinitions", "ImportSourceSpecification", "LocalSecondaryIndexes"},
		SaveFilesBucket: {"BucketName", "BucketNamePrefix", "BucketNamespace", "ObjectLockEnabled"},
		UserPoolDomain:  {"UserPoolId", "Domain"},
		HTTPAPI:         {"ProtocolType"},

		HTTPAPIStage:         {"StageName", "ApiId"},
		SyncPlanFunction:     {"FunctionName", "PackageType"},
		SyncCompleteFunction: {"FunctionName", "PackageType"},
		SyncPlanLogGroup:     {"LogGroupName"},
		SyncCompleteLogGroup: {"LogGroupName"},
		APIAccessLogGroup:    {"LogGroupName"},
		AlarmTopic:           {"TopicName", "FifoTopic"},
	}
	for _, r := range Alarms() {
		fixed[r.LogicalID] = []string{"AlarmName"}
	}
	properties, known := fixed[logicalID]
	return !known || slices.Contains(properties, property)
}
