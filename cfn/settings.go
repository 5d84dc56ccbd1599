package cfn

import (
	"errors"
	"strconv"
	"strings"
)

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
		{ParamEmailIdentity, "", "ARN of the SES identity that mails players; empty for Cognito's 50 mails a day"},
		{ParamEmailFrom, "", "who mails to players are from: My Game <saves@example.com>"},
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

// CheckSettings tells what is wrong with settings that are right one by one. Those
// that are not given are the defaults.
func CheckSettings(values map[string]string) error {
	identity, from := values[ParamEmailIdentity], values[ParamEmailFrom]
	switch {
	case identity == "" && from != "":
		return errors.New(ParamEmailFrom + " is of no use without " + ParamEmailIdentity + ", which sends the mails")
	case identity != "" && !strings.Contains(identity, "@") && from == "":
		return errors.New(ParamEmailIdentity + " is a domain: " + ParamEmailFrom + " has to name an address of it")
	}
	return nil
}

// Outputs lists the template's outputs in the order in which they are shown.
func Outputs() []string {
	return []string{
		OutputAPIEndpoint, OutputUserPoolID, OutputAppClientID, OutputPasswordPage, OutputRegion,
		OutputManifestTableName, OutputSaveFilesBucketName, OutputRelease,
	}
}
