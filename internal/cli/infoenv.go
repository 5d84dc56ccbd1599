package cli

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/renpy-cloud/renpyctl/cfn"
)

// formatEnv is the value of --output for variables.
const formatEnv = "env"

// envPrefix is how the names of the variables begin.
const envPrefix = "RENPY_CLOUD_"

// envOutputs are the names of variables by the stack's outputs. Scripts rely on
// them: none changes.
var envOutputs = map[string]string{
	cfn.OutputAPIEndpoint:         "API_URL",
	cfn.OutputUserPoolID:          "USER_POOL_ID",
	cfn.OutputAppClientID:         "APP_CLIENT_ID",
	cfn.OutputPasswordPage:        "PASSWORD_PAGE",
	cfn.OutputManifestTableName:   "TABLE",
	cfn.OutputSaveFilesBucketName: "BUCKET",
	cfn.OutputRelease:             "RELEASE",
}

// printEnv prints what is deployed as variables.
func (a *app) printEnv(in info) error {
	lines := [][2]string{
		{"STAGE", in.Stage}, {"REGION", in.Region}, {"ACCOUNT", in.Account}, {"STACK", in.Stack.Name}, {"STATUS", in.Stack.Status},
	}
	for _, output := range cfn.Outputs() {
		if value, ok := in.Outputs[output]; ok && envOutputs[output] != "" {
			lines = append(lines, [2]string{envOutputs[output], value})
		}
	}
	for _, line := range lines {
		if _, err := fmt.Fprintf(a.streams.Out, "%s%s=%s\n", envPrefix, line[0], shellQuoted(line[1])); err != nil {
			return err
		}
	}
	return nil
}

// plainWord is what no shell reads as anything but itself.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+,-]+$`)

// shellQuoted is a text as POSIX shells read it back.
func shellQuoted(text string) string {
	if plainWord.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
