package iam

// gitHub is the issuer of the tokens of GitHub Actions.
const gitHub = "token.actions.githubusercontent.com"

// GitHub is a deployment environment of a repository.
type GitHub struct {
	// Repository is "ORG/REPO", or "ORG@1234/REPO@5678" with the immutable ids
	// that GitHub puts into the subject of repositories made or renamed since
	// 15 July 2026 (GitHub changelog, 23 April 2026).
	Repository  string
	Environment string
}

// Trust returns the trust policy of a role that only the workflows of one
// repository may assume, and only in one environment: GitHub's token must have
// been made for AWS, and its subject must be exactly this one. Account is the 12
// digits of the account that has the role and GitHub's OIDC provider.
func (g GitHub) Trust(partition, account string) Document {
	trust := Statement{
		Sid:       "OnlyThisRepositoryInThisEnvironment",
		Effect:    "Allow",
		Principal: map[string]string{"Federated": "arn:" + partition + ":iam::" + account + ":oidc-provider/" + gitHub},
		Action:    []string{"sts:AssumeRoleWithWebIdentity"},
		Condition: Condition{"StringEquals": {
			gitHub + ":aud": "sts.amazonaws.com",
			gitHub + ":sub": "repo:" + g.Repository + ":environment:" + g.Environment,
		}},
	}
	return document(trust)
}
