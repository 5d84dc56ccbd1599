package cfn

import (
	"reflect"
	"strings"
	"testing"
)

// equal reports a difference between a part of the template and what it must be.
func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\ngot  %v\nwant %v", what, got, want)
	}
}

// holds reports the properties of a resource that are not as wanted. It does not look at others.
func holds(t *testing.T, logicalID string, want object) {
	t.Helper()
	got := properties(t, logicalID)
	for name, v := range want {
		equal(t, logicalID+"."+name, got[name], v)
	}
}

// lacks reports the properties that a resource must not have.
func lacks(t *testing.T, logicalID string, names ...string) {
	t.Helper()
	for _, name := range names {
		if v, ok := properties(t, logicalID)[name]; ok {
			t.Errorf("%s has %s: %v", logicalID, name, v)
		}
	}
}

func list(v ...any) []any          { return v }
func ref(name string) object       { return object{"Ref": name} }
func getAtt(path string) object    { return object{"Fn::GetAtt": path} }
func sub(text string) object       { return object{"Fn::Sub": text} }
func ofAPI(suffix string) object   { return sub(apiARN + suffix) }
func ofLogs(group string) object   { return sub(logsARN + "${" + group + "}:log-stream:*") }
func ofSaves(suffix string) object { return sub("${SaveFilesBucket.Arn}/" + suffix) }

const (
	apiARN  = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${HttpApi}"
	logsARN = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:"
)

func TestStatefulResourcesOutliveTheStack(t *testing.T) {
	for _, r := range Resources() {
		res := resource(t, r.LogicalID)
		kept := res["DeletionPolicy"] == "RetainExceptOnCreate" && res["UpdateReplacePolicy"] == "Retain"
		if kept != r.Protected {
			t.Errorf("%s: kept %v, described as protected %v", r.LogicalID, kept, r.Protected)
		}
		if !r.Protected {
			for _, policy := range []string{"DeletionPolicy", "UpdateReplacePolicy"} {
				if p := res[policy]; p != nil && p != "Delete" {
					t.Errorf("%s: %s %v leaves something behind that nobody cleans up", r.LogicalID, policy, p)
				}
			}
		}
	}
	holds(t, UserPool, object{"DeletionProtection": "ACTIVE"})
	holds(t, ManifestTable, object{"DeletionProtectionEnabled": true})
}

func TestStatefulResourcesHaveNoNames(t *testing.T) {
	// A name collides with another account's bucket, or with what an earlier stack left behind.
	lacks(t, SaveFilesBucket, "BucketName", "BucketNamePrefix")
	lacks(t, ManifestTable, "TableName")
	lacks(t, "SyncPlanRole", "RoleName")
	lacks(t, "SyncCompleteRole", "RoleName")
}

func TestUserPool(t *testing.T) {
	holds(t, UserPool, object{
		"UserPoolTier":           ref(ParamUserPoolTier),
		"UsernameAttributes":     list("email"),
		"UsernameConfiguration":  object{"CaseSensitive": false},
		"AutoVerifiedAttributes": list("email"),
		"MfaConfiguration":       "OFF",
		"UserAttributeUpdateSettings": object{
			"AttributesRequireVerificationBeforeUpdate": list("email"),
		},
		"Policies": object{"PasswordPolicy": object{
			"MinimumLength": 8, "RequireLowercase": true, "RequireUppercase": true,
			"RequireNumbers": true, "RequireSymbols": false, "TemporaryPasswordValidityDays": 7,
		}},
	})
	// With a Schema, every later update of the pool fails (AWS-FACTS 1.6).
	lacks(t, UserPool, "Schema", "AliasAttributes", "UserPoolAddOns")

	message := properties(t, UserPool)["VerificationMessageTemplate"].(object)
	equal(t, "confirmation", message["DefaultEmailOption"], "CONFIRM_WITH_LINK")
	// The link leads to the pool's domain.
	holds(t, UserPoolDomain, object{"UserPoolId": ref(UserPool)})
}

// The mails are Cognito's own unless the operator has a sender. Only then may
// their texts be set.
func TestMails(t *testing.T) {
	none := ref("AWS::NoValue")
	holds(t, UserPool, object{"EmailConfiguration": object{"Fn::If": list("OwnSender", object{
		"EmailSendingAccount": "DEVELOPER", "SourceArn": ref(ParamEmailIdentity),
		"From": object{"Fn::If": list("NamedSender", ref(ParamEmailFrom), none)},
	}, none)}})
	for name, parameter := range map[string]string{"OwnSender": ParamEmailIdentity, "NamedSender": ParamEmailFrom} {
		equal(t, name, parse(t)["Conditions"].(object)[name], object{"Fn::Not": list(object{"Fn::Equals": list(ref(parameter), "")})})
	}
	message := properties(t, UserPool)["VerificationMessageTemplate"].(object)
	for _, name := range []string{"EmailSubjectByLink", "EmailMessageByLink"} {
		choice := message[name].(object)["Fn::If"].([]any)
		equal(t, name, list(choice[0], choice[2]), list("OwnSender", none))
		if text := choice[1].(string); name == "EmailMessageByLink" && (strings.Count(text, "{##") != 1 || strings.Count(text, "##}") != 1) {
			t.Errorf("the e-mail needs one {##link##}: %q", text)
		}
	}
}

// A domain is never renamed: stages have one of these two names for ever.
func TestDomainsAreFrozen(t *testing.T) {
	group := func(n int) object {
		uuid := object{"Fn::Select": list(2, object{"Fn::Split": list("/", ref("AWS::StackId"))})}
		return object{"Fn::Select": list(n, object{"Fn::Split": list("-", uuid)})}
	}
	long := object{"Fn::Sub": list("renpy-cloud-${First}-${Last}", object{"First": group(0), "Last": group(4)})}
	short := object{"Fn::Sub": list("renpy-cloud-${Last}", object{"Last": group(4)})}
	holds(t, UserPoolDomain, object{"Domain": object{"Fn::If": list("LongDomain", long, short)}})
	equal(t, "condition", parse(t)["Conditions"].(object)["LongDomain"], object{"Fn::Equals": list(ref(ParamDomainSuffix), LongDomain)})
}

func TestAppClientServesTheGameClient(t *testing.T) {
	holds(t, UserPoolClient, object{
		"UserPoolId":                 ref(UserPool),
		"GenerateSecret":             false,
		"ExplicitAuthFlows":          list("ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"),
		"EnableTokenRevocation":      true,
		"PreventUserExistenceErrors": "ENABLED",
		"AccessTokenValidity":        int(AccessTokenLife.Minutes()),
		"WriteAttributes":            list("email"),
	})
	// The game client refreshes by REFRESH_TOKEN_AUTH, which rotation excludes.
	lacks(t, UserPoolClient, "RefreshTokenRotation", "AllowedOAuthFlows")
}

// The page's client opens a page and nothing else: it signs nobody in to the
// API, and its tokens are worth nothing there.
func TestThePasswordPage(t *testing.T) {
	const client = "PasswordPageClient"
	back := object{"Fn::Sub": "https://${HttpApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}"}
	holds(t, client, object{
		"UserPoolId":                      ref(UserPool),
		"ExplicitAuthFlows":               list("ALLOW_REFRESH_TOKEN_AUTH"),
		"PreventUserExistenceErrors":      "ENABLED",
		"AccessTokenValidity":             5,
		"AllowedOAuthFlowsUserPoolClient": true,
		"AllowedOAuthFlows":               list("code"),
		"AllowedOAuthScopes":              list("openid"), // never aws.cognito.signin.user.admin, which the routes want
		"CallbackURLs":                    list(back),
	})
	holds(t, "HttpApiAuthorizer", object{"JwtConfiguration": object{
		"Audience": list(ref(UserPoolClient)),
		"Issuer":   object{"Fn::Sub": "https://cognito-idp.${AWS::Region}.${AWS::URLSuffix}/${CognitoUserPool}"},
	}})
	// The classic pages are the only ones of the plan LITE.
	lacks(t, "CognitoUserPoolDomain", "ManagedLoginVersion")
}

func TestTable(t *testing.T) {
	holds(t, ManifestTable, object{
		"BillingMode": "PAY_PER_REQUEST",
		"AttributeDefinitions": list(
			object{"AttributeName": "user_id", "AttributeType": "S"},
			object{"AttributeName": "game_id", "AttributeType": "S"},
		),
		"KeySchema": list(
			object{"AttributeName": "user_id", "KeyType": "HASH"},
			object{"AttributeName": "game_id", "KeyType": "RANGE"},
		),
		"PointInTimeRecoverySpecification": object{"PointInTimeRecoveryEnabled": true, "RecoveryPeriodInDays": ref(ParamTableRecoveryDays)},
	})
}

func TestBucketIsPrivateVersionedAndTidy(t *testing.T) {
	holds(t, SaveFilesBucket, object{
		"VersioningConfiguration": object{"Status": "Enabled"},
		"BucketEncryption": object{"ServerSideEncryptionConfiguration": list(
			object{"ServerSideEncryptionByDefault": object{"SSEAlgorithm": "AES256"}},
		)},
		"OwnershipControls": object{"Rules": list(object{"ObjectOwnership": "BucketOwnerEnforced"})},
		"PublicAccessBlockConfiguration": object{
			"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true,
		},
	})
	// Any other rule could expire a save that a player still has.
	holds(t, SaveFilesBucket, object{"LifecycleConfiguration": object{"Rules": list(
		object{
			"Id": "expire-overwritten-saves", "Status": "Enabled",
			"NoncurrentVersionExpiration": object{"NoncurrentDays": ref(ParamSaveRetentionDays)},
		},
		object{
			"Id": "expire-inbox", "Status": "Enabled", "Prefix": "inbox/",
			"NoncurrentVersionExpiration": object{"NoncurrentDays": 1},
			"ExpirationInDays":            ref(ParamSaveRetentionDays),
		},
		object{
			"Id": "tidy-up", "Status": "Enabled", "ExpiredObjectDeleteMarker": true,
			"AbortIncompleteMultipartUpload": object{"DaysAfterInitiation": 1},
		},
	)}})
}

func TestBucketPolicyOnlyDenies(t *testing.T) {
	objects := ofSaves("*")
	holds(t, "SaveFilesBucketPolicy", object{
		"Bucket": ref(SaveFilesBucket),
		"PolicyDocument": object{"Version": "2012-10-17", "Statement": list(
			object{
				"Sid": "OnlyTLS", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
				"Resource":  list(getAtt("SaveFilesBucket.Arn"), objects),
				"Condition": object{"Bool": object{"aws:SecureTransport": "false"}},
			},
			object{
				"Sid": "OnlyFreshPresignedURLs", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
				"Resource":  objects,
				"Condition": object{"NumericGreaterThan": object{"s3:signatureAge": 600000}},
			},
			object{
				"Sid": "NoSignatureVersion2", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
				"Resource":  objects,
				"Condition": object{"StringEquals": object{"s3:signatureversion": "AWS"}},
			},
		)},
	})
}

// A function's parts have logical ids that begin alike: SyncPlanRole, SyncPlanRoute.
type function struct{ prefix, name, path, codeKey, codeVersion string }

func (f function) part(kind string) string { return f.prefix + kind }

func functions() []function {
	return []function{
		{"SyncPlan", "syncPlan", "/sync/plan", ParamSyncPlanCodeKey, ParamSyncPlanCodeVersion},
		{"SyncComplete", "syncComplete", "/sync/complete", ParamSyncCompleteCodeKey, ParamSyncCompleteCodeVersion},
	}
}

func TestFunctions(t *testing.T) {
	for _, f := range functions() {
		holds(t, f.part("LambdaFunction"), object{
			"FunctionName":  sub("renpy-cloud-${Stage}-" + f.name),
			"Role":          getAtt(f.part("Role") + ".Arn"),
			"Runtime":       "provided.al2023",
			"Handler":       "bootstrap",
			"Architectures": list(ref(ParamArchitecture)),
			"MemorySize":    256,
			"Timeout":       25, // the API and the game client wait 30
			"Code":          object{"S3Bucket": ref(ParamArtifactsBucket), "S3Key": ref(f.codeKey), "S3ObjectVersion": object{"Fn::If": list("Pin"+f.prefix, ref(f.codeVersion), ref("AWS::NoValue"))}},
			"LoggingConfig": object{"LogFormat": "JSON", "LogGroup": ref(f.part("LogGroup"))},
			"Environment": object{"Variables": object{
				"MANIFEST_TABLE":           ref(ManifestTable),
				"SAVES_BUCKET":             ref(SaveFilesBucket),
				"URL_SUFFIX":               ref("AWS::URLSuffix"),
				"GAME_IDS":                 ref(ParamGameIDs),
				"MAX_FILE_BYTES":           ref(ParamMaxFileBytes),
				"MAX_PLAYER_BYTES":         ref(ParamMaxPlayerBytes),
				"MAX_PLAYER_FILES":         ref(ParamMaxPlayerFiles),
				"MAX_PLANS_PER_HOUR":       ref(ParamMaxPlansPerHour),
				"MAX_PLAYER_BYTES_PER_DAY": ref(ParamMaxPlayerBytesPerDay),
				"MAX_REQUESTS_PER_MINUTE":  ref(ParamMaxRequestsPerMinute),
				"CHECK_SAVES":              ref(ParamCheckSaves),
			}},
		})
		holds(t, f.part("LogGroup"), object{
			"LogGroupName":    sub("/aws/lambda/renpy-cloud-${Stage}-" + f.name),
			"RetentionInDays": ref(ParamLogRetentionDays),
		})
	}
}

// TestRolesAreLeastPrivilege holds both roles to the letter: one more action or
// a wider resource is a decision to be made here too. Above all, no function may
// destroy a version: s3:DeleteObject only puts delete markers.
func TestRolesAreLeastPrivilege(t *testing.T) {
	for _, f := range functions() {
		r := properties(t, f.part("Role"))
		lacks(t, f.part("Role"), "ManagedPolicyArns")
		equal(t, f.part("Role")+" trust", r["AssumeRolePolicyDocument"], object{"Version": "2012-10-17", "Statement": list(
			object{"Effect": "Allow", "Principal": object{"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
		)})

		policies := r["Policies"].([]any)
		if len(policies) != 1 {
			t.Fatalf("%s has %d policies", f.part("Role"), len(policies))
		}
		equal(t, f.part("Role"), policies[0].(object)["PolicyDocument"], object{"Version": "2012-10-17", "Statement": list(
			object{
				"Sid": "Manifest", "Effect": "Allow",
				"Action":   list("dynamodb:GetItem", "dynamodb:UpdateItem"),
				"Resource": getAtt("ManifestTable.Arn"),
			},
			object{
				"Sid": "Saves", "Effect": "Allow",
				"Action":   list("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject"),
				"Resource": list(ofSaves("users/*"), ofSaves("inbox/*")),
			},
			object{
				"Sid": "TellMissingFromForbidden", "Effect": "Allow",
				"Action":    list("s3:ListBucket", "s3:ListBucketVersions"),
				"Resource":  getAtt("SaveFilesBucket.Arn"),
				"Condition": object{"StringLike": object{"s3:prefix": list("users/*", "inbox/*")}},
			},
			object{
				"Sid": "Logs", "Effect": "Allow",
				"Action":   list("logs:CreateLogStream", "logs:PutLogEvents"),
				"Resource": ofLogs(f.part("LogGroup")),
			},
		)})
	}
}

func TestRoutesAdmitAccessTokensOnly(t *testing.T) {
	for _, f := range functions() {
		holds(t, f.part("Route"), object{
			"RouteKey":            "POST " + f.path,
			"AuthorizationType":   "JWT",
			"AuthorizerId":        ref("HttpApiAuthorizer"),
			"AuthorizationScopes": list("aws.cognito.signin.user.admin"),
			"Target":              sub("integrations/${" + f.part("Integration") + "}"),
		})
		holds(t, f.part("Integration"), object{
			"IntegrationType":      "AWS_PROXY",
			"IntegrationUri":       getAtt(f.part("LambdaFunction") + ".Arn"),
			"PayloadFormatVersion": "2.0",
		})
		holds(t, f.part("Permission"), object{
			"FunctionName": getAtt(f.part("LambdaFunction") + ".Arn"),
			"Action":       "lambda:InvokeFunction",
			"Principal":    "apigateway.amazonaws.com",
			"SourceArn":    ofAPI("/*/POST" + f.path),
		})
	}
	holds(t, "HttpApiAuthorizer", object{
		"AuthorizerType": "JWT",
		"IdentitySource": list("$request.header.Authorization"),
		"JwtConfiguration": object{
			"Audience": list(ref(UserPoolClient)),
			"Issuer":   sub("https://cognito-idp.${AWS::Region}.${AWS::URLSuffix}/${CognitoUserPool}"),
		},
	})
}

func TestStageThrottlesAndLogs(t *testing.T) {
	holds(t, HTTPAPIStage, object{
		"StageName":  "$default",
		"AutoDeploy": true,
		"DefaultRouteSettings": object{
			"ThrottlingRateLimit":  ref(ParamThrottleRateLimit),
			"ThrottlingBurstLimit": ref(ParamThrottleBurstLimit),
		},
	})
	holds(t, APIAccessLogGroup, object{"RetentionInDays": ref(ParamLogRetentionDays)})

	log := properties(t, HTTPAPIStage)["AccessLogSettings"].(object)
	equal(t, "access log", log["DestinationArn"], getAtt("ApiAccessLogGroup.Arn"))
	format := log["Format"].(string)
	if strings.Contains(format, "\n") {
		t.Error("the access log's format has more than one line")
	}
	if strings.Contains(strings.ToLower(format), "authorization") {
		t.Error("the access log holds the token")
	}
}

func TestRolesAreBoundOnRequest(t *testing.T) {
	boundary := ref(ParamPermissionsBoundary)
	equal(t, "condition", parse(t)["Conditions"].(object)["BoundRoles"], object{
		"Fn::Not": list(object{"Fn::Equals": list(boundary, "")}),
	})
	for _, id := range []string{"SyncPlanRole", "SyncCompleteRole"} {
		equal(t, id, properties(t, id)["PermissionsBoundary"], object{"Fn::If": list("BoundRoles", boundary, ref("AWS::NoValue"))})
	}
}

func TestCORSIsOffByDefault(t *testing.T) {
	origins := ref(ParamCorsAllowOrigins)
	equal(t, "condition", parse(t)["Conditions"].(object)["AllowCors"], object{
		"Fn::Not": list(object{"Fn::Equals": list(object{"Fn::Join": list("", origins)}, "")}),
	})
	for id, want := range map[string]object{
		HTTPAPI: {
			"AllowOrigins": origins, "AllowMethods": list("POST"),
			"AllowHeaders": list("authorization", "content-type"), "MaxAge": 3600,
		},
		SaveFilesBucket: {"CorsRules": list(object{
			"AllowedOrigins": origins, "AllowedMethods": list("GET", "PUT"),
			"AllowedHeaders": list("content-type"), "MaxAge": 3600,
		})},
	} {
		holds(t, id, object{"CorsConfiguration": object{"Fn::If": list("AllowCors", want, ref("AWS::NoValue"))}})
	}
}

// Alarms are there only if somebody is to be told; a quiet night rings nothing; and that on
// mails is for Cognito's own sender alone.
func TestAlarmsAreOffAndQuiet(t *testing.T) {
	conditions := parse(t)["Conditions"].(object)
	equal(t, "Alarms", conditions["Alarms"], object{"Fn::Or": list(object{"Fn::Condition": "MailAlarms"}, object{"Fn::Condition": "TopicAlarms"})})
	equal(t, "SignUpAlarms", conditions["SignUpAlarms"], object{"Fn::And": list(object{"Fn::Condition": "Alarms"}, object{"Fn::Not": list(object{"Fn::Condition": "OwnSender"})})})
	tell := list(object{"Fn::If": list("MailAlarms", ref("AlarmTopic"), ref("AWS::NoValue"))}, object{"Fn::If": list("TopicAlarms", ref("AlarmTopicArn"), ref("AWS::NoValue"))})
	for _, r := range Alarms() {
		want := "Alarms"
		if r.LogicalID == SignUpMailsAlarm {
			want = "SignUpAlarms"
		}
		equal(t, r.LogicalID+"'s condition", resource(t, r.LogicalID)["Condition"], want)
		holds(t, r.LogicalID, object{"TreatMissingData": "notBreaching", "AlarmActions": tell, "OKActions": tell, "ComparisonOperator": "GreaterThanOrEqualToThreshold",
			"AlarmName": sub("renpy-cloud/${Stage}/" + r.LogicalID)})
	}
	for _, id := range []string{"AlarmTopic", "AlarmTopicPolicy", "AlarmSubscription"} {
		equal(t, id+"'s condition", resource(t, id)["Condition"], "MailAlarms")
	}
	if len(Alarms()) != 7 {
		t.Errorf("%d alarms: the help of %s says what 7 cost", len(Alarms()), ParamAlarmEmail)
	}
}

// Nobody but CloudWatch, for this account, publishes to the topic, and nothing without TLS.
func TestTopicIsForAlarmsAlone(t *testing.T) {
	statements := properties(t, "AlarmTopicPolicy")["PolicyDocument"].(object)["Statement"].([]any)
	equal(t, "statements", statements, list(
		object{"Sid": "AlarmsOfThisAccount", "Effect": "Allow", "Principal": object{"Service": "cloudwatch.amazonaws.com"}, "Action": "sns:Publish",
			"Resource": ref("AlarmTopic"), "Condition": object{"StringEquals": object{"aws:SourceAccount": ref("AWS::AccountId")}}},
		object{"Sid": "OnlyTLS", "Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": ref("AlarmTopic"),
			"Condition": object{"Bool": object{"aws:SecureTransport": "false"}}},
	))
}
