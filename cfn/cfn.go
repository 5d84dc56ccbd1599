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
	"strings"
	"time"
)

//go:embed template.yaml
var template string

// Template returns the CloudFormation template, in YAML.
func Template() string { return template }

// TemplateSHA256 is the [SHA256] of the template.
func TemplateSHA256() string { return SHA256(template) }

// SHA256 returns a template's SHA-256 in hex, which names it in the artefact bucket.
func SHA256(template string) string {
	sum := sha256.Sum256([]byte(template))
	return hex.EncodeToString(sum[:])
}

// AccessTokenLife is how long an access token of the game's app client lasts,
// and so how long a player may go on syncing who may not sign in any more.
const AccessTokenLife = time.Hour

// Parameters of the template.
const (
	ParamStage                   = "Stage"
	ParamArtifactsBucket         = "ArtifactsBucket"
	ParamSyncPlanCodeKey         = "SyncPlanCodeKey"
	ParamSyncCompleteCodeKey     = "SyncCompleteCodeKey"
	ParamSyncPlanCodeVersion     = "SyncPlanCodeVersion"
	ParamSyncCompleteCodeVersion = "SyncCompleteCodeVersion"
	ParamArchitecture            = "Architecture"
	ParamUserPoolTier            = "UserPoolTier"
	ParamEmailIdentity           = "EmailIdentity"
	ParamEmailFrom               = "EmailFrom"
	ParamThrottleRateLimit       = "ThrottleRateLimit"
	ParamThrottleBurstLimit      = "ThrottleBurstLimit"
	ParamCorsAllowOrigins        = "CorsAllowOrigins"
	ParamLogRetentionDays        = "LogRetentionDays"
	ParamSaveRetentionDays       = "SaveRetentionDays"
	ParamTableRecoveryDays       = "TableRecoveryDays"
	ParamGameIDs                 = "GameIds"
	ParamMaxFileBytes            = "MaxFileBytes"
	ParamMaxPlayerBytes          = "MaxPlayerBytes"
	ParamMaxPlayerBytesPerDay    = "MaxPlayerBytesPerDay"
	ParamMaxPlayerFiles          = "MaxPlayerFiles"
	ParamMaxPlansPerHour         = "MaxPlansPerHour"
	ParamMaxRequestsPerMinute    = "MaxRequestsPerMinute"
	ParamCheckSaves              = "CheckSaves"
	ParamPermissionsBoundary     = "PermissionsBoundary"
	ParamAlarmEmail              = "AlarmEmail"
	ParamAlarmTopicARN           = "AlarmTopicArn"
	ParamDomainSuffix            = "DomainSuffix"
	ParamHistory                 = "History"
	ParamRelease                 = "Release"
)

// LongDomain is the value of [ParamDomainSuffix] for new stages. The template's
// default is that of older ones.
const LongDomain = "LONG"

// HasResource tells whether a template has a resource: a stack that was made by
// importing kept data has few.
func HasResource(template, logicalID string) bool { return strings.Contains(template, logicalID+":") }

// HasParameter tells whether a template in this program's own style has a
// parameter: CloudFormation refuses a value for one that it has not.
func HasParameter(template, name string) bool {
	parameters, _, _ := strings.Cut(template, "\nResources:")
	return strings.Contains(parameters, "\n  "+name+":\n")
}

// Outputs of the template.
const (
	OutputAPIEndpoint         = "ApiEndpoint"
	OutputUserPoolID          = "CognitoUserPoolId"
	OutputAppClientID         = "CognitoAppClientId"
	OutputPasswordPage        = "PasswordPage"
	OutputRegion              = "Region"
	OutputManifestTableName   = "ManifestTableName"
	OutputSaveFilesBucketName = "SaveFilesBucketName"
	OutputRelease             = "Release"
)

// Logical ids of the resources that the program addresses by name.
const (
	UserPool              = "CognitoUserPool"
	UserPoolClient        = "CognitoUserPoolClient"
	UserPoolDomain        = "CognitoUserPoolDomain"
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
	AlarmTopic            = "AlarmTopic"
	SignUpMailsAlarm      = "SignUpMailsAlarm"
)
