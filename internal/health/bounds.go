package health

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/sesv2"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/mail"
	"github.com/renpy-cloud/renpyctl/internal/metrics"
	"github.com/renpy-cloud/renpyctl/internal/stage"
)

// The checks of this file are about what bounds how many can play.

// raiseConcurrency is how AWS is asked for more of Lambda's concurrency, which costs
// nothing. L-B99A9384 is the quota's code (Lambda developer guide, "Lambda quotas").
const raiseConcurrency = "aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value 1000"

// fullConcurrency is what an account has that is not new (Lambda developer guide,
// "Lambda quotas").
const fullConcurrency = 1000

// concurrency tells of how many invocations Lambda runs at once in the account.
func (p *patient) concurrency(ctx context.Context) ([]Finding, error) {
	limit, err := p.atOnce(ctx)
	if err != nil {
		return nil, err
	}
	found := fmt.Sprintf("Lambda runs %d functions at once in this account and region", limit)
	if limit < fullConcurrency && p.standIn(ctx) == "" {
		return one(Warning, found, fmt.Sprintf("of more than %d devices that sync in the same moment some are refused, and try again at their next sync", limit),
			Mend{AWS: raiseConcurrency, Advice: "it is free, and takes AWS a day or two"})
	}
	return well(found)
}

// throttle compares what the API admits with how many players there are.
func (p *patient) throttle(ctx context.Context) ([]Finding, error) {
	st, err := p.stack.get(ctx)
	if err != nil {
		return nil, err
	}
	plan, err := p.plan.get(ctx)
	if err != nil {
		return nil, err
	}
	rate, err := strconv.Atoi(st.Parameters[cfn.ParamThrottleRateLimit])
	if err != nil { // of a template that has no such setting
		return nil, nil
	}
	needed := EveryDay(plan.Accounts).Requests
	found := fmt.Sprintf("the API admits %d requests a second; %d players need %s", rate, plan.Accounts, brief(needed))
	if float64(rate) < needed {
		return one(Problem, found, "at the busiest time of an evening some syncs are refused", ours(fmt.Sprintf("deploy --set %s=%d", cfn.ParamThrottleRateLimit, roundUp(needed))))
	}
	return well(found)
}

// mail tells whether everybody who signs up gets a mail.
func (p *patient) mail(ctx context.Context) ([]Finding, error) {
	plan, err := p.plan.get(ctx)
	if err != nil {
		return nil, err
	}
	if plan.Sender == "" {
		return p.cognitoMails(ctx)
	}
	account, err := mail.Read(ctx, sesv2.NewFromConfig(p.Config))
	if err != nil {
		return nil, err
	}
	return sender(account)
}

// cognitoMails compares the sign-ups of the last day with what Cognito's own sender
// sends. Mails that are sent again and those of other stages are not counted.
func (p *patient) cognitoMails(ctx context.Context) ([]Finding, error) {
	day, err := p.day.get(ctx)
	if err != nil {
		return nil, err
	}
	series := day.Of(metrics.SignUps)
	if series.Err != nil {
		return nil, series.Err
	}
	signUps, _ := series.Total() // of a day without data there were none
	found := fmt.Sprintf("Cognito sends %d mails a day for the whole account; %.0f players signed up in the last 24 hours", CognitoMails, signUps)
	mend := ours(fmt.Sprintf("deploy --set %s=ARN", cfn.ParamEmailIdentity))
	mend.Advice = "with the ARN of an SES identity: README.md, Mails to players"
	switch {
	case signUps >= CognitoMails:
		return one(Problem, found, "who signs up now is refused until the next day", mend)
	case signUps >= CognitoMails*0.8:
		return one(Warning, found, "who signs up after the last mail of the day is refused until the next", mend)
	}
	return well(found)
}

// refusals tells whether Lambda has refused calls for their number in the last day.
func (p *patient) refusals(ctx context.Context) ([]Finding, error) {
	day, err := p.day.get(ctx)
	if err != nil {
		return nil, err
	}
	refused, err := OverFunctions(day, metrics.Throttles)
	if err != nil {
		return nil, err
	}
	if refused > 0 {
		return one(Problem, fmt.Sprintf("Lambda refused %.0f calls for their number in the last 24 hours", refused),
			"as many syncs failed; devices tried again at their next", Mend{AWS: raiseConcurrency, Advice: "it is free, and takes AWS a day or two"})
	}
	return well("Lambda refused no call for their number in the last 24 hours")
}

// OverFunctions adds a metric of all functions up.
func OverFunctions(r metrics.Reading, kind string) (total float64, err error) {
	for _, f := range stage.Functions() {
		series := r.Of(metrics.OfFunction(f.Name, kind))
		if series.Err != nil {
			return 0, series.Err
		}
		n, _ := series.Total()
		total += n
	}
	return total, nil
}

// sender is what SES's account means to who signs up.
func sender(a mail.Account) ([]Finding, error) {
	switch {
	case !a.Enabled || a.Enforcement == "SHUTDOWN":
		return one(Problem, "SES sends no mails for this account any more", "who signs up gets no mail, and cannot sign in",
			advice("open a case with AWS: SES console, Account dashboard"))
	case !a.Production:
		return one(Problem, "SES is in its sandbox: it delivers to verified addresses alone", "who signs up gets no mail, and cannot sign in",
			advice("ask for production access: SES console, Account dashboard (about a day)"))
	case a.Enforcement == "PROBATION":
		return one(Warning, "SES has the account on probation", "mails may stop, and who signs up then cannot sign in",
			advice("see why: SES console, Reputation metrics"))
	case a.Daily >= 0 && a.Sent >= a.Daily*0.8:
		return one(Warning, fmt.Sprintf("SES has sent %.0f of %.0f mails in 24 hours", a.Sent, a.Daily), "who signs up after the last one gets no mail",
			advice("ask for more: SES console, Account dashboard"))
	}
	return well("SES sends mails to anybody")
}
