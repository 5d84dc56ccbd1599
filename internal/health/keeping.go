package health

import (
	"context"
	"fmt"
	"strconv"

	cwl "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/presence"
	"github.com/renpy-cloud/renpyctl/internal/saves"
	"github.com/renpy-cloud/renpyctl/internal/stage"
)

// The checks of this file are about what keeps players' accounts and saves, and for
// how long.

// accounts tells whether deleted or damaged accounts could be brought back. Cognito
// restores pools of the plans ESSENTIALS, for a day, and PLUS, for 14 (Cognito API
// reference, InitiatePointInTimeRecovery).
func (p *patient) accounts(ctx context.Context) ([]Finding, error) {
	plan, err := p.plan.get(ctx)
	if err != nil {
		return nil, err
	}
	switch plan.Tier {
	case "ESSENTIALS":
		return well("Cognito can restore the accounts as they were at any time of the last day")
	case "PLUS":
		return well("Cognito can restore the accounts as they were at any time of the last 14 days")
	}
	found := "the accounts have no backup: Cognito keeps none on the plan LITE"
	switch {
	case plan.Accounts == 0:
		return well(found + ", and there are none yet")
	case p.standIn(ctx) != "":
		return well(found + ", and need none: something answers in AWS's place")
	}
	return one(Warning, found, "an account that is deleted by mistake is gone, and a new one does not find the old one's saves",
		Mend{Ours: fmt.Sprintf("deploy --set %s=ESSENTIALS", cfn.ParamUserPoolTier), Advice: "the plan costs nothing below 10,000 active players"})
}

// table tells whether the record of the saves could be brought back.
func (p *patient) table(ctx context.Context) ([]Finding, error) {
	st, err := p.stack.get(ctx)
	name := st.Outputs[cfn.OutputManifestTableName]
	if err != nil || name == "" {
		return nil, err
	}
	days, err := p.Table(name).Recovery(ctx)
	if err != nil {
		return nil, err
	}
	if days == 0 {
		return one(Problem, "the table has no point-in-time recovery", "if the record of their saves is damaged, players lose it for good",
			ours("deploy"))
	}
	return well(fmt.Sprintf("the table can be restored to any time of the last %d days", days))
}

// ofBucket makes a check of the bucket of saves, where there is one.
func (p *patient) ofBucket(ctx context.Context, look func(context.Context, *saves.Bucket) ([]Finding, error)) ([]Finding, error) {
	st, err := p.stack.get(ctx)
	name := st.Outputs[cfn.OutputSaveFilesBucketName]
	if err != nil || name == "" {
		return nil, err
	}
	return look(ctx, p.Bucket(name, st.Account()))
}

// versions tells whether saves that are overwritten are kept.
func (p *patient) versions(ctx context.Context) ([]Finding, error) {
	return p.ofBucket(ctx, func(ctx context.Context, b *saves.Bucket) ([]Finding, error) {
		on, err := b.Versioned(ctx)
		switch {
		case err != nil:
			return nil, err
		case !on:
			return one(Problem, "the bucket of saves keeps no versions", "a save that is overwritten or deleted cannot be brought back",
				ours("deploy"))
		}
		return well("the bucket of saves keeps older versions")
	})
}

// private tells whether saves are kept from the public.
func (p *patient) private(ctx context.Context) ([]Finding, error) {
	return p.ofBucket(ctx, func(ctx context.Context, b *saves.Bucket) ([]Finding, error) {
		on, err := b.Private(ctx)
		switch {
		case err != nil:
			return nil, err
		case !on:
			return one(Problem, "the bucket of saves has lost its block on public access", "a policy or ACL can lay players' saves open to everybody",
				ours("deploy"))
		}
		return well("the bucket of saves is kept from the public")
	})
}

// tls tells whether saves travel encrypted only.
func (p *patient) tls(ctx context.Context) ([]Finding, error) {
	return p.ofBucket(ctx, func(ctx context.Context, b *saves.Bucket) ([]Finding, error) {
		says, err := b.Policy(ctx)
		switch {
		case err != nil:
			return nil, err
		case !says.OnlyTLS:
			return one(Problem, "the bucket of saves admits requests without TLS", "who listens on the way can read players' saves",
				ours("deploy"))
		}
		return well("the bucket of saves admits TLS only")
	})
}

// retention compares for how long logs are kept with what the stage says.
func (p *patient) retention(ctx context.Context) ([]Finding, error) {
	st, err := p.stack.get(ctx)
	if err != nil {
		return nil, err
	}
	kept, err := presence.LogGroups(ctx, cwl.NewFromConfig(p.Config), "renpy-cloud")
	if err != nil {
		return nil, err
	}
	want, err := strconv.Atoi(st.Parameters[cfn.ParamLogRetentionDays])
	if err != nil { // of a template that has no such setting
		return nil, nil
	}
	names := []string{p.Name.AccessLog()}
	for _, f := range stage.Functions() {
		names = append(names, p.Name.LogGroup(f.Function))
	}
	for _, name := range names {
		if days, there := kept[name]; there && int(days) != want {
			return one(Warning, fmt.Sprintf("the log %s is kept %s, and the stage says %d days", name, forDays(days), want),
				"lines with players' ids and addresses are there for longer or shorter than you may have promised",
				Mend{AWS: fmt.Sprintf("aws logs put-retention-policy --log-group-name %s --retention-in-days %d", name, want),
					Advice: "unless a policy of the account overrides it, which the CloudWatch Logs console shows"})
		}
	}
	return well(fmt.Sprintf("logs are kept for %d days", want))
}

// forDays says a retention: 0 is for ever.
func forDays(days int32) string {
	if days == 0 {
		return "for ever"
	}
	return fmt.Sprintf("for %d days", days)
}
