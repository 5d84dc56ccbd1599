package cli

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/iam"
)

// policyOptions are the flags of the policy commands.
type policyOptions struct {
	account   string
	boundary  string
	roleARN   string
	userPools []string
	gitHub    iam.GitHub
}

func newPolicy(a *app) *cobra.Command {
	var o policyOptions
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "Print the IAM policies that renpyctl needs",
		Long: `Print the least that IAM has to allow for a stage, as JSON for aws iam. Nothing
is asked of AWS. Deploying needs caller and execution together; docs/policies.md
says who needs which, and what they can and cannot do.`,
		Example: `  renpyctl policy caller --stage prod --region eu-west-1 |
    aws iam create-policy --policy-name renpyctl-prod-caller \
      --policy-document file:///dev/stdin
  renpyctl policy github --stage prod --account 123456789012 \
    --repo my-org/my-game --environment prod`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringVar(&o.account, "account", "", "number of the AWS account (default: whatever account the policy is in)")
	cmd.AddCommand(
		newCallerPolicy(a, &o),
		newExecutionPolicy(a, &o),
		newPlannerPolicy(a, &o),
		newSupportPolicy(a, &o),
		newSmokePolicy(a, &o),
		newBoundaryPolicy(a, &o),
		newGitHubPolicy(a, &o),
	)
	return cmd
}

func newCallerPolicy(a *app, o *policyOptions) *cobra.Command {
	var withoutRemoval bool
	cmd := &cobra.Command{
		Use:   "caller",
		Short: "Print what renpyctl itself calls, for every command but those about players",
		Example: `  renpyctl policy caller --stage prod --region eu-west-1
  renpyctl policy caller --stage prod --account 123456789012 \
    --role-arn arn:aws:iam::123456789012:role/renpyctl-execution`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			policy := iam.Caller
			if withoutRemoval {
				policy = iam.CallerWithoutRemoval
			}
			if err := a.printPolicy(cmd.Context(), *o, policy); err != nil {
				return err
			}
			if o.roleARN != "" {
				a.hint("%s --role-arn %s is what this allows; that role needs %s", a.command("deploy"), o.roleARN, a.command("policy execution"))
			} else {
				a.hint("to deploy, the same role or user needs %s beside it", a.command("policy execution"))
			}
			return nil
		},
	}
	o.userPoolFlag(cmd)
	cmd.Flags().BoolVar(&withoutRemoval, "without-removal", false, "allow nothing that deletes a stack, a bucket, a table, a user pool or a save")
	cmd.Flags().StringVar(&o.roleARN, "role-arn", "", "ARN of the stack's execution role, which this then allows to hand to CloudFormation")
	return cmd
}

func newPlannerPolicy(a *app, o *policyOptions) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "planner",
		Short: "Print what plan and drift need, which change nothing",
		Long: `Print what plan and drift need of a stage that is deployed, as jobs for pull
requests and nightly checks. It allows to make change sets and to delete them,
but to execute none, and nothing about players.`,
		Example: `  renpyctl policy planner --stage prod --account 123456789012`,
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.printPolicy(cmd.Context(), *o, iam.Planner) },
	}
	o.userPoolFlag(cmd)
	return cmd
}

func newExecutionPolicy(a *app, o *policyOptions) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "execution",
		Short: "Print what CloudFormation does with the stage's resources",
		Example: `  renpyctl policy execution --stage prod --account 123456789012 \
    --boundary arn:aws:iam::123456789012:policy/renpyctl-prod-boundary`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.printPolicy(cmd.Context(), *o, iam.Execution); err != nil {
				return err
			}
			if o.boundary == "" {
				a.hint("whoever has this can give the functions any permission in the account; --boundary prevents it: docs/policies.md")
			} else {
				a.hint("%s --set PermissionsBoundary=%s is what this allows", a.command("deploy"), o.boundary)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&o.boundary, "boundary", "", "ARN of the managed policy made of policy boundary: no role is made without it")
	return cmd
}

func newBoundaryPolicy(a *app, o *policyOptions) *cobra.Command {
	return &cobra.Command{
		Use:     "boundary",
		Short:   "Print the most that the stage's functions can ever be allowed",
		Example: "  renpyctl policy boundary --stage prod --account 123456789012",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.printPolicy(cmd.Context(), *o, iam.Boundary) },
	}
}

func newSupportPolicy(a *app, o *policyOptions) *cobra.Command {
	var readOnly bool
	cmd := &cobra.Command{
		Use:   "support",
		Short: "Print what people need who help players",
		Long: `Print what these need: status, stages, doctor, alarms, info, config, logs,
releases, drift and all of users. It allows nothing that changes the stack.
With --read-only it only looks: without the commands that change accounts.`,
		Example: `  renpyctl policy support --stage prod --user-pool eu-west-1_AbCdEfGhI
  renpyctl policy support --stage prod --read-only`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			policy := iam.Support
			if readOnly {
				policy = iam.SupportReadOnly
			}
			return a.printPolicy(cmd.Context(), *o, policy)
		},
	}
	o.userPoolFlag(cmd)
	cmd.Flags().BoolVar(&readOnly, "read-only", false, "allow to look only")
	return cmd
}

func newSmokePolicy(a *app, o *policyOptions) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "smoke",
		Short:   "Print what smoke needs, and deploy --smoke beside what a deploy does",
		Example: "  renpyctl policy smoke --stage prod --user-pool eu-west-1_AbCdEfGhI",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.printPolicy(cmd.Context(), *o, iam.Smoke) },
	}
	o.userPoolFlag(cmd)
	return cmd
}

func (o *policyOptions) userPoolFlag(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&o.userPools, "user-pool", nil, "id of the stage's user pool; may be repeated (default: every pool of the region)")
}

// printPolicy prints a policy for the stage.
func (a *app) printPolicy(ctx context.Context, o policyOptions, policy func(iam.Target) iam.Document) error {
	t, err := a.policyTarget(ctx, o)
	if err != nil {
		return err
	}
	return a.printJSON(policy(t))
}

func newGitHubPolicy(a *app, o *policyOptions) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "github",
		Short: "Print the trust policy of a role for GitHub Actions",
		Long: `Print the trust policy of a role that the workflows of one repository may
assume, in one environment and nowhere else. The account needs GitHub's OIDC
provider.

Repositories that were made or renamed since 15 July 2026 have ids in their
tokens: --repo is then ORG@ID/REPO@ID, which this prints:
  gh api repos/ORG/REPO --jq '"\(.owner.login)@\(.owner.id)/\(.name)@\(.id)"'`,
		Example: `  renpyctl policy github --account 123456789012 \
    --repo my-org/my-game --environment prod`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.gitHubPolicy(cmd.Context(), *o) },
	}
	cmd.Flags().StringVar(&o.gitHub.Repository, "repo", "", "the repository, as GitHub spells it: ORG/REPO or ORG@ID/REPO@ID")
	cmd.Flags().StringVar(&o.gitHub.Environment, "environment", "", "the deployment environment of the workflow's job")
	return cmd
}

var (
	accountPattern     = regexp.MustCompile(`^[0-9]{12}$`)
	rolePattern        = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$`)
	boundaryPattern    = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:policy/[A-Za-z0-9+=,.@_/-]+$`)
	userPoolPattern    = regexp.MustCompile(`^[a-z0-9-]+_[A-Za-z0-9]+$`)
	repositoryPattern  = regexp.MustCompile(`^([A-Za-z0-9-]+/[A-Za-z0-9._-]+|[A-Za-z0-9-]+@[0-9]+/[A-Za-z0-9._-]+@[0-9]+)$`)
	environmentPattern = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)
)

// checkRole refuses what --role-arn gives that is no role's ARN; "" is none given.
func checkRole(arn string) error {
	if arn != "" && !rolePattern.MatchString(arn) {
		return usagef("--role-arn %q is not the ARN of a role", arn)
	}
	return nil
}

// check refuses values that would make a policy say something else than was meant.
func (o policyOptions) check() error {
	if o.account != "" && !accountPattern.MatchString(o.account) {
		return usagef("--account %q is not the 12 digits of an AWS account", o.account)
	}
	if o.boundary != "" && !boundaryPattern.MatchString(o.boundary) {
		return usagef("--boundary %q is not the ARN of a managed policy", o.boundary)
	}
	if err := checkRole(o.roleARN); err != nil {
		return err
	}
	for _, arn := range []string{o.boundary, o.roleARN} {
		if o.account != "" && arn != "" && !strings.Contains(arn, ":"+o.account+":") {
			return usagef("%s is not in the account %s", arn, o.account)
		}
	}
	for _, id := range o.userPools {
		if !userPoolPattern.MatchString(id) {
			return usagef("--user-pool %q is not the id of a user pool, as renpyctl info prints it", id)
		}
	}
	return nil
}

func (a *app) gitHubPolicy(ctx context.Context, o policyOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	switch {
	case o.account == "":
		return usagef("the trust policy names the account: add --account")
	case !repositoryPattern.MatchString(o.gitHub.Repository):
		return usagef("--repo %q is neither ORG/REPO nor ORG@ID/REPO@ID", o.gitHub.Repository)
	case !environmentPattern.MatchString(o.gitHub.Environment):
		return usagef("--environment %q: name the one environment, by letters, digits, dots, hyphens and underscores", o.gitHub.Environment)
	}
	region, err := a.policyRegion(ctx)
	if err != nil && !errors.Is(err, cloud.ErrNoRegion) { // of the region only the partition counts
		return err
	}
	return a.printJSON(o.gitHub.Trust(cloud.Partition(region), o.account))
}

// policyTarget names everything that belongs to the stage, without asking AWS.
func (a *app) policyTarget(ctx context.Context, o policyOptions) (iam.Target, error) {
	if err := o.check(); err != nil {
		return iam.Target{}, err
	}
	region, err := a.policyRegion(ctx)
	if err != nil {
		return iam.Target{}, err
	}
	for _, id := range o.userPools {
		if !strings.HasPrefix(id, region+"_") {
			return iam.Target{}, usagef("--user-pool %s is not in %s", id, region)
		}
	}
	t := a.stage().Policies(region, o.account)
	t.UserPools, t.Boundary, t.ExecutionRole = o.userPools, o.boundary, o.roleARN
	return t, nil
}

// policyRegion is the region that any other command would work in.
func (a *app) policyRegion(ctx context.Context) (string, error) {
	if a.flags.local {
		return cmp.Or(a.flags.region, cloud.LocalRegion), nil
	}
	cfg, err := a.loadAWS(ctx, cloud.Options{Region: a.flags.region, Profile: a.flags.profile})
	return cfg.Region, err
}
