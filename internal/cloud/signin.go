package cloud

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// SignIn is how this computer comes by its AWS credentials.
type SignIn int

// The ways to credentials. SignInUnknown is every other one, such as the role of a machine.
const (
	SignInUnknown     SignIn = iota
	SignInSSO                // aws sso login
	SignInLogin              // aws login
	SignInProcess            // a profile's credential_process
	SignInWebIdentity        // the token of a job, by OIDC
	SignInEnvironment        // AWS_ACCESS_KEY_ID and what belongs to it
	SignInProfileKeys        // keys in a profile
)

// signIns has the sources of credentials that the SDK names. Where a role is
// assumed they are several, of which one is where a person signs in.
var signIns = []struct {
	by      SignIn
	sources []aws.CredentialSource
}{
	{SignInSSO, []aws.CredentialSource{aws.CredentialSourceSSO, aws.CredentialSourceSSOLegacy}},
	{SignInLogin, []aws.CredentialSource{aws.CredentialSourceLogin}},
	{SignInProcess, []aws.CredentialSource{aws.CredentialSourceProcess}},
	{SignInWebIdentity, []aws.CredentialSource{aws.CredentialSourceEnvVarsSTSWebIDToken, aws.CredentialSourceProfileSTSWebIDToken}},
	{SignInEnvironment, []aws.CredentialSource{aws.CredentialSourceEnvVars}},
	{SignInProfileKeys, []aws.CredentialSource{aws.CredentialSourceProfile}},
}

// SignInOf tells how a configuration comes by its credentials, without asking for any.
func SignInOf(cfg aws.Config) SignIn {
	provider, ok := cfg.Credentials.(aws.CredentialProviderSource)
	if !ok {
		return SignInUnknown
	}
	used := provider.ProviderSources()
	for _, s := range signIns {
		if slices.ContainsFunc(s.sources, func(source aws.CredentialSource) bool { return slices.Contains(used, source) }) {
			return s.by
		}
	}
	return SignInUnknown
}
