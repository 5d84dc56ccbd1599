package cfn

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Setting is a parameter of the template that operators choose, with what the
// template admits: CloudFormation would say it late, and in its own words.
type Setting struct {
	Name    string
	Default string
	Help    string // what it does

	Allowed  []string // all values that there are; nil for others
	Min, Max int64    // the bounds of a number; 0, 0 for none
	Length   int      // the most characters of a text; 0 for any
	Pattern  string   // what a text, or each element of a list, has to match; "" for any
	List     bool     // comma-separated
	Must     string   // what is wrong with a value that is not admitted: "must be …"
	Unit     Unit     // of a number
}

// A Unit is what a number counts.
type Unit string

// The units in which values may also be typed: "16 MiB", "90d".
const (
	Count     Unit = ""
	ByteCount Unit = "bytes"
	Days      Unit = "days"
)

// Number tells that the setting is a whole number.
func (s Setting) Number() bool {
	_, err := strconv.Atoi(s.Default)
	return err == nil
}

// Check tells what the template has against a value.
func (s Setting) Check(value string) error {
	n, err := strconv.ParseInt(value, 10, 64)
	switch {
	case len(s.Allowed) > 0 && !slices.Contains(s.Allowed, value),
		s.Number() && (err != nil || value != strconv.FormatInt(n, 10)), // CloudFormation takes 1e3 as well, which the functions do not
		s.Max > 0 && (n < s.Min || n > s.Max),
		s.Length > 0 && len(value) > s.Length,
		s.Pattern != "" && !s.matches(value):
		return errors.New(s.Must)
	}
	return nil
}

// matches tells whether a text, or each element of a list, is of the pattern.
func (s Setting) matches(value string) bool {
	elements := []string{value}
	if s.List {
		elements = strings.Split(value, ",")
	}
	pattern := regexp.MustCompile(s.Pattern)
	return !slices.ContainsFunc(elements, func(e string) bool { return !pattern.MatchString(strings.TrimSpace(e)) })
}

// Settings lists what operators may set, in the order of `deploy --help`. The
// template's other parameters follow from the deploy itself.
func Settings() []Setting {
	return []Setting{
		{
			Name: ParamGameIDs, Help: "games that may sync, comma-separated; empty admits all",
			Length: 2048, Pattern: "^([A-Za-z0-9_][A-Za-z0-9._-]{0,63}(,[A-Za-z0-9_][A-Za-z0-9._-]{0,63})*)?$",
			Must: "must be ids of at most 64 letters, digits, dots, underscores and hyphens, not beginning with a dot or hyphen, comma-separated without spaces",
		},
		{
			Name: ParamUserPoolTier, Default: "LITE", Help: "Cognito's feature plan",
			Allowed: []string{"LITE", "ESSENTIALS", "PLUS"}, Must: "must be LITE, ESSENTIALS or PLUS",
		},
		{
			Name: ParamEmailIdentity, Help: "ARN of the SES identity that mails players; empty for Cognito's 50 mails a day",
			Length: 2048, Pattern: "^(arn:aws[a-z-]*:ses:[a-z0-9-]+:[0-9]{12}:identity/[A-Za-z0-9+=,.@_-]+)?$",
			Must: "must be the ARN of an SES identity, such as arn:aws:ses:eu-west-1:123456789012:identity/example.com",
		},
		{
			Name: ParamEmailFrom, Help: "who mails to players are from: My Game <saves@example.com>",
			Length: 320, Pattern: `^(([^<>@\r\n]+ )?<[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+)?$`,
			Must: "must be an e-mail address, alone or as in My Game <saves@example.com>",
		},
		{Name: ParamThrottleRateLimit, Default: "100", Help: "requests a second, all players together", Min: 1, Max: 10000, Must: "must be a number from 1 to 10000"},
		{Name: ParamThrottleBurstLimit, Default: "200", Help: "requests at once, all players together", Min: 1, Max: 5000, Must: "must be a number from 1 to 5000"},
		{
			Name: ParamCorsAllowOrigins, Help: "origins of Ren'Py web builds; empty switches CORS off",
			Pattern: `^(\*|https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?)?$`, List: true,
			Must: "must be origins such as https://example.itch.io, comma-separated and without a path, or *",
		},
		{
			Name: ParamLogRetentionDays, Default: "30", Help: "days that logs are kept", Unit: Days,
			Allowed: []string{
				"1", "3", "5", "7", "14", "30", "60", "90", "120", "150", "180", "365", "400", "545", "731", "1096", "1827", "2192", "2557", "2922", "3288", "3653",
			},
			Must: "must be a number of days that CloudWatch Logs offers, such as 7, 30 or 365",
		},
		{Name: ParamSaveRetentionDays, Default: "90", Help: "days that overwritten saves can be recovered", Unit: Days, Min: 1, Max: 3650, Must: "must be a number from 1 to 3650"},
		{Name: ParamTableRecoveryDays, Default: "35", Help: "days back to which the table can be restored", Unit: Days, Min: 1, Max: 35, Must: "must be a number from 1 to 35"},
		{
			Name: ParamMaxFileBytes, Default: "16777216", Help: "bytes of one save file",
			Unit: ByteCount, Min: 1024, Max: 104857600, Must: "must be a number from 1024 to 104857600 (100 MiB)",
		},
		{
			Name: ParamMaxPlayerBytes, Default: "536870912", Help: "bytes of a player's current saves, and of a budget for uploads",
			Unit: ByteCount, Min: 1024, Max: 1099511627776, Must: "must be a number from 1024 to 1099511627776 (1 TiB)",
		},
		{
			Name: ParamMaxPlayerBytesPerDay, Default: "268435456", Help: "bytes that the budget for uploads regains in a day",
			Unit: ByteCount, Min: 1024, Max: 1099511627776, Must: "must be a number from 1024 to 1099511627776 (1 TiB)",
		},
		{Name: ParamMaxPlayerFiles, Default: "500", Help: "save files of a player, in all games", Min: 1, Max: 500, Must: "must be a number from 1 to 500"},
		{Name: ParamMaxPlansPerHour, Default: "120", Help: "syncs of a player in an hour", Min: 1, Max: 100000, Must: "must be a number from 1 to 100000"},
		{Name: ParamMaxRequestsPerMinute, Default: "120", Help: "requests of a player in a minute", Min: 1, Max: 100000, Must: "must be a number from 1 to 100000"},
		{
			Name: ParamCheckSaves, Default: "true", Help: "whether a broken save never replaces a readable one",
			Allowed: []string{"true", "false"}, Must: "must be true or false",
		},
		{
			Name: ParamAlarmEmail, Help: "address that alarms go to; $0.70 a month, if the account has ten already",
			Length: 254, Pattern: `^([^<>@\s]+@[^<>@\s]+)?$`, Must: "must be an e-mail address, such as ann@example.com",
		},
		{
			Name: ParamAlarmTopicARN, Help: "ARN of an SNS topic that alarms go to, beside the address or alone",
			Length: 2048, Pattern: "^(arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+)?$",
			Must: "must be the ARN of a standard SNS topic in the stack's region, such as arn:aws:sns:eu-west-1:123456789012:alerts",
		},
		{
			Name: ParamPermissionsBoundary, Help: "ARN of a policy that bounds the functions' roles",
			Length: 2048, Pattern: "^(arn:aws[a-z-]*:iam::[0-9]{12}:policy/[A-Za-z0-9+=,.@_/-]+)?$",
			Must: "must be the ARN of a managed policy, such as arn:aws:iam::123456789012:policy/renpyctl-prod-boundary",
		},
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
