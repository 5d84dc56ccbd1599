package health

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	iamapi "github.com/aws/aws-sdk-go-v2/service/iam"
	"golang.org/x/sync/errgroup"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/grants"
	"github.com/renpy-cloud/renpyctl/internal/iam"
)

// The checks of this file are about who asks, from where.

// credentials tells whose they are.
func (p *patient) credentials(ctx context.Context) ([]Finding, error) {
	id, err := p.id.get(ctx)
	if err != nil {
		return nil, err
	}
	if at := cloud.StandIn(p.Config, id); at != "" {
		return well("anybody's: " + at + " answers in AWS's place")
	}
	if strings.HasSuffix(id.ARN, ":root") {
		return one(Warning, "the account's own root user", "whoever gets hold of these keys has everything in the account, players' saves included",
			advice("make a user or role of its own for renpyctl: docs/policies.md"))
	}
	return well(id.ARN)
}

// region tells where is looked.
func (p *patient) region(context.Context) ([]Finding, error) { return well(p.Config.Region) }

// The clock may be wrong by what AWS refuses signatures for, and is worth a word
// long before: times in logs and --since go by it.
const (
	clockRefused = 5 * time.Minute // AWS Signature Version 4: "within five minutes"
	clockWrong   = 30 * time.Second
)

// clock compares this computer's clock with AWS's.
func (p *patient) clock(ctx context.Context) ([]Finding, error) {
	before := time.Now()
	there, err := cloud.ServerTime(ctx, p.Config)
	if errors.Is(err, cloud.ErrNoDate) && len(cloud.Elsewhere(p.Config)) > 0 {
		return well("what answers in AWS's place does not tell the time")
	}
	if err != nil {
		return nil, err
	}
	wrong := before.Add(time.Since(before) / 2).Sub(there)
	side := "ahead of"
	if wrong < 0 {
		wrong, side = -wrong, "behind"
	}
	found := fmt.Sprintf("this computer's clock is %s %s AWS's", wrong.Round(time.Second), side)
	mend := advice("set this computer's clock, or let it be set (NTP)")
	switch {
	case wrong >= clockRefused:
		return one(Problem, found, "AWS refuses what is signed so: nothing can be done for the stage from here", mend)
	case wrong >= clockWrong:
		return one(Warning, found, "--since and --until are off by as much; at 5 minutes AWS refuses every call", mend)
	}
	return well("this computer's clock is AWS's, to half a minute")
}

// group is a group of commands with the policy that they need.
type group struct {
	does   string
	policy func(iam.Target) iam.Document
	print  string // the command that prints the policy
}

// groups are the groups of commands. A stack with a role of its own needs nothing of
// its caller for its resources.
func groups(ownRole bool) []group {
	list := []group{
		{"deploy, look after and remove the stage", iam.Caller, "policy caller"},
		{"help players", iam.Support, "policy support"},
	}
	if !ownRole {
		list = append(list, group{"let CloudFormation make the stage's resources", iam.Execution, "policy execution"})
	}
	return list
}

// permissions asks IAM for each group of commands whether these credentials may do
// what it needs, with the stage's own names.
func (p *patient) permissions(ctx context.Context) ([]Finding, error) {
	id, err := p.id.get(ctx)
	if err != nil {
		return nil, err
	}
	client := iamapi.NewFromConfig(p.Config)
	who, err := grants.Principal(ctx, client, id)
	if errors.Is(err, grants.ErrRoot) {
		return well("the root user may do everything")
	}
	if err != nil {
		return nil, err
	}
	target, ownRole := p.target(ctx, id)
	var list []Finding
	for _, g := range groups(ownRole) {
		missing, err := lacking(ctx, client, who, g.policy(target))
		switch {
		case err != nil:
			return list, err
		case len(missing) > 0:
			list = append(list, Finding{Grade: Warning, Found: fmt.Sprintf("these credentials may not %s: %s", g.does, some(missing)),
				Means: "commands of that kind fail, a deploy perhaps half-way", Mend: ours(g.print)})
		}
	}
	if len(list) > 0 {
		return list, nil
	}
	return well("these credentials may do all that renpyctl does")
}

// target is the stage as policies name it, by its names in AWS as far as they are known.
func (p *patient) target(ctx context.Context, id cloud.Identity) (t iam.Target, ownRole bool) {
	t = p.Name.Policies(p.Config.Region, id.Account)
	st, err := p.stack.get(ctx)
	if err != nil {
		return t, false
	}
	if pool := st.Outputs[cfn.OutputUserPoolID]; pool != "" {
		t.UserPools = []string{pool}
	}
	return t, st.RoleARN != ""
}

// asksAtOnce is how many questions IAM is asked at a time.
const asksAtOnce = 4

// lacking are the actions of a policy that a principal may not do, sorted. Families
// of actions (*) are left out: IAM answers for single ones.
func lacking(ctx context.Context, client grants.Client, principal string, d iam.Document) ([]string, error) {
	missing := make([][]string, len(d.Statement))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(asksAtOnce)
	for i, s := range d.Statement {
		actions := slices.DeleteFunc(slices.Clone(s.Action), func(a string) bool { return strings.Contains(a, "*") })
		if len(actions) == 0 {
			continue
		}
		group.Go(func() (err error) {
			missing[i], err = grants.Missing(ctx, client, principal, actions, concrete(s.Resource), conditions(s.Condition))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	all := slices.Concat(missing...)
	slices.Sort(all)
	return slices.Compact(all), nil
}

// concrete gives resources a name for each pattern: IAM is asked about one of many.
func concrete(resources []string) []string {
	var list []string
	for _, r := range resources {
		if r != "*" {
			r = strings.NewReplacer("*", "renpyctl", "?", "x").Replace(r)
		}
		list = append(list, r)
	}
	return list
}

// conditions are the values that a statement's condition asks for.
func conditions(c iam.Condition) []grants.Condition {
	var list []grants.Condition
	for operator, keys := range c {
		for key, value := range keys {
			list = append(list, grants.Condition{Key: key, Value: value, Several: strings.HasPrefix(operator, "ForAnyValue:")})
		}
	}
	return list
}

// some names the first of a list, and how many more there are.
func some(names []string) string {
	const shown = 4
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
}
