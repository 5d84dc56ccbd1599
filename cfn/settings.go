package cfn

import "strconv"

// Setting is a parameter of the template that operators choose.
type Setting struct {
	Name    string
	Default string
	Help    string // what it does
}

// Number tells that the setting is a whole number.
func (s Setting) Number() bool {
	_, err := strconv.Atoi(s.Default)
	return err == nil
}

// Settings lists what operators may set, in the order of `deploy --help`. The
// template's other parameters follow from the deploy itself.
func Settings() []Setting {
	return []Setting{
		{ParamGameIDs, "", "games that may sync, comma-separated; empty admits all"},
		{ParamUserPoolTier, "LITE", "Cognito's feature plan: LITE, ESSENTIALS or PLUS"},
		{ParamThrottleRateLimit, "100", "requests a second, all players together"},
		{ParamThrottleBurstLimit, "200", "requests at once, all players together"},
		{ParamCorsAllowOrigins, "", "origins of Ren'Py web builds; empty switches CORS off"},
		{ParamLogRetentionDays, "30", "days that logs are kept"},
		{ParamSaveRetentionDays, "90", "days that overwritten saves can be recovered"},
		{ParamTableRecoveryDays, "35", "days back to which the table can be restored: 1 to 35"},
		{ParamMaxFileBytes, "16777216", "bytes of one save file"},
		{ParamMaxPlayerBytes, "536870912", "bytes of a player's current saves, and of a budget for uploads"},
		{ParamMaxPlayerBytesPerDay, "268435456", "bytes that the budget for uploads regains in a day"},
		{ParamMaxPlayerFiles, "500", "save files of a player, in all games"},
		{ParamMaxPlansPerHour, "120", "syncs of a player in an hour"},
		{ParamMaxRequestsPerMinute, "120", "requests of a player in a minute"},
		{ParamCheckSaves, "true", "whether a broken save never replaces a readable one: true or false"},
		{ParamPermissionsBoundary, "", "ARN of a policy that bounds the functions' roles"},
	}
}

// Outputs lists the template's outputs in the order in which they are shown.
func Outputs() []string {
	return []string{
		OutputAPIEndpoint, OutputUserPoolID, OutputAppClientID, OutputRegion,
		OutputManifestTableName, OutputSaveFilesBucketName, OutputRelease,
	}
}
