package cfn

import "slices"

// MayReplace tells whether changing a property of a guarded resource can make
// CloudFormation replace the resource. The lists are the properties that the
// resource types' schemas call create-only, or conditionally so (AWS-FACTS 1.6
// names the sources). Of other resources nothing is ruled out.
func MayReplace(logicalID, property string) bool {
	fixed := map[string][]string{
		UserPool:        {"UsernameAttributes", "AliasAttributes", "UsernameConfiguration", "Schema"},
		UserPoolClient:  {"UserPoolId", "GenerateSecret"},
		ManifestTable:   {"TableName", "KeySchema", "AttributeDefinitions", "ImportSourceSpecification", "LocalSecondaryIndexes"},
		SaveFilesBucket: {"BucketName", "BucketNamePrefix", "BucketNamespace", "ObjectLockEnabled"},
		HTTPAPI:         {"ProtocolType"},
	}
	properties, known := fixed[logicalID]
	return !known || slices.Contains(properties, property)
}
