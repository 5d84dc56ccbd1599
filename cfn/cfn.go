// Package cfn carries the CloudFormation template of the backend and names what
// the rest of the program refers to in it: parameters, outputs and resources.
//
// Logical ids are for ever: CloudFormation deletes a resource whose logical id
// disappears. A test freezes them.
package cfn

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
)

//go:embed template.yaml
var template string

// Template returns the CloudFormation template, in YAML.
func Template() string { return template }

// TemplateSHA256 returns the template's SHA-256 in hex, which names it in the artefact bucket.
func TemplateSHA256() string {
	sum := sha256.Sum256([]byte(template))
	return hex.EncodeToString(sum[:])
}

// Parameters of the template.
const (
	ParamStage                = "Stage"
	ParamArtifactsBucket      = "ArtifactsBucket"
	ParamSyncPlanCodeKey      = "SyncPlanCodeKey"
	ParamSyncCompleteCodeKey  = "SyncCompleteCodeKey"
	ParamArchitecture         = "Architecture"
	ParamUserPoolTier         = "UserPoolTier"
	ParamThrottleRateLimit    = "ThrottleRateLimit"
	ParamThrottleBurstLimit   = "ThrottleBurstLimit"
	ParamCorsAllowOrigins     = "CorsAllowOrigins"
	ParamLogRetentionDays     = "LogRetentionDays"
	ParamSaveRetentionDays    = "SaveRetentionDays"
	ParamGameIDs              = "GameIds"
	ParamMaxFileBytes         = "MaxFileBytes"
	ParamMaxPlayerBytes       = "MaxPlayerBytes"
	ParamMaxPlayerBytesPerDay = "MaxPlayerBytesPerDay"
	ParamMaxPlayerFiles       = "MaxPlayerFiles"
	ParamMaxPlansPerHour      = "MaxPlansPerHour"
	ParamMaxRequestsPerMinute = "MaxRequestsPerMinute"
	ParamCheckSaves           = "CheckSaves"
	ParamPermissionsBoundary  = "PermissionsBoundary"
	ParamRelease              = "Release"
)

// Outputs of the template.
const (
	OutputAPIEndpoint         = "ApiEndpoint"
	OutputUserPoolID          = "CognitoUserPoolId"
	OutputAppClientID         = "CognitoAppClientId"
	OutputRegion              = "Region"
	OutputManifestTableName   = "ManifestTableName"
	OutputSaveFilesBucketName = "SaveFilesBucketName"
	OutputRelease             = "Release"
)

// Logical ids of the resources that the program addresses by name.
const (
	UserPool              = "CognitoUserPool"
	UserPoolClient        = "CognitoUserPoolClient"
	ManifestTable         = "ManifestTable"
	SaveFilesBucket       = "SaveFilesBucket"
	SaveFilesBucketPolicy = "SaveFilesBucketPolicy"
	HTTPAPI               = "HttpApi"
	HTTPAPIStage          = "HttpApiStage"
	SyncPlanFunction      = "SyncPlanLambdaFunction"
	SyncCompleteFunction  = "SyncCompleteLambdaFunction"
	SyncPlanRole          = "SyncPlanRole"
	SyncCompleteRole      = "SyncCompleteRole"
	SyncPlanLogGroup      = "SyncPlanLogGroup"
	SyncCompleteLogGroup  = "SyncCompleteLogGroup"
	APIAccessLogGroup     = "ApiAccessLogGroup"
)
