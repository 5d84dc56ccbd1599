package cfn

// Setting is a parameter of the template that operators choose.
type Setting struct {
	Name string
	Help string // what it does, and its default
}

// Settings lists what operators may set, in the order of `deploy --help`. The
// template's other parameters follow from the deploy itself.
func Settings() []Setting {
	return []Setting{
		{ParamGameIDs, "games that may sync, comma-separated; empty admits all (empty)"},
		{ParamUserPoolTier, "Cognito's feature plan: LITE, ESSENTIALS or PLUS (LITE)"},
		{ParamThrottleRateLimit, "requests a second, all players together (100)"},
		{ParamThrottleBurstLimit, "requests at once, all players together (200)"},
		{ParamCorsAllowOrigins, "origins of Ren'Py web builds; empty switches CORS off (empty)"},
		{ParamLogRetentionDays, "days that logs are kept (30)"},
		{ParamSaveRetentionDays, "days that overwritten saves can be recovered (90)"},
		{ParamMaxFileBytes, "bytes of one save file (16777216)"},
		{ParamMaxPlayerBytes, "bytes of a player's saves in one game (536870912)"},
		{ParamMaxPlayerFiles, "save files of a player in one game (500)"},
		{ParamMaxPlansPerHour, "syncs of a player in an hour (600)"},
		{ParamPermissionsBoundary, "ARN of a policy that bounds the functions' roles (none)"},
	}
}

// Outputs lists the template's outputs in the order in which they are shown.
func Outputs() []string {
	return []string{
		OutputAPIEndpoint, OutputUserPoolID, OutputAppClientID, OutputRegion,
		OutputManifestTableName, OutputSaveFilesBucketName, OutputRelease,
	}
}
