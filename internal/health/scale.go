package health

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/renpy-cloud/renpyctl/cfn"
)

// What players do, by which loads are computed. docs/scale.md says where each is from.
const (
	sessionsPerMonth   = 40.0 // of an active player, as README counts the cost
	requestsPerSession = 4.0  // a sync at its start and one at its end, a plan and a completion each
	eveningFactor      = 4.0  // the busiest hour of a day beside the average one
	newPerDay          = 0.01 // of the active players, on a day like any other
	secondsPerRequest  = 0.1  // that a function runs, its start counted in
	secondsPerMonth    = 30 * 24 * 3600.0
)

// Load is what players ask of the backend at its busiest.
type Load struct {
	Players  int64
	SignUps  float64 // a day, each with a mail
	SignIns  float64 // a second
	Requests float64 // a second, to the API
	AtOnce   float64 // functions that run at the same time
}

// Launch is the load of a launch: all players sign up on one day, and all of them
// start the game within one minute. It is a bound, not a forecast.
func Launch(players int64) Load {
	perSecond := float64(players) / 60
	return Load{Players: players, SignUps: float64(players), SignIns: perSecond, Requests: perSecond, AtOnce: perSecond * secondsPerRequest}
}

// EveryDay is the load of the busiest hour of an ordinary day with so many active
// players a month.
func EveryDay(players int64) Load {
	sessions := float64(players) * sessionsPerMonth / secondsPerMonth * eveningFactor
	requests := sessions * requestsPerSession
	return Load{Players: players, SignUps: float64(players) * newPerDay, SignIns: sessions, Requests: requests, AtOnce: requests * secondsPerRequest}
}

// CognitoMails is how many mails a day Cognito sends by itself for a whole account
// (Cognito developer guide, "Email settings for user pools").
const CognitoMails = 50

// Limits are what bounds a stage in its account.
type Limits struct {
	Mails       float64 // a day
	OwnSender   bool    // the mails go through SES
	Concurrency float64 // functions at once
	Throttle    float64 // requests a second that the API's stage admits
}

// NewAccount are the limits of a stage with the template's defaults in an account
// that AWS has just opened.
func NewAccount() Limits { return Limits{Mails: CognitoMails, Concurrency: 10, Throttle: 100} }

// The limits that are the same for every stage until AWS raises them.
const (
	cognitoSignIns = 120   // a second, of the category UserAuthentication (Cognito developer guide, "Quotas")
	cognitoSignUps = 50    // a second, of the category UserCreation
	apiRequests    = 10000 // a second, all HTTP APIs of account and region (API Gateway developer guide, "Quotas")
)

// cognitoPrice is what one request a second more costs a month, in dollars (AWS news
// of January 2024).
const cognitoPrice = 20

// mailPrice is what SES asks for a mail, in dollars.
const mailPrice = 0.0001

// Names of quotas.
const (
	email  = "e-mail"
	signIn = "sign-in"
	signUp = "sign-up"
)

// Quota is one limit beside what a load asks of it.
type Quota struct {
	Name   string  // "e-mail"
	Unit   string  // "mails a day"
	Limit  float64 // -1 for none
	Needed float64
	Breaks int64 // how many players of such a load it is enough for
	// Mend raises it as far as the load needs, at that cost: of one that is enough there is none.
	Mend Mend
	Cost string // "$940 a month, while it is raised"
}

// Enough tells whether the limit is enough.
func (q Quota) Enough() bool { return q.Limit < 0 || q.Needed <= q.Limit }

// Quotas compares a load with limits. The one that the fewest players break comes first.
func Quotas(load Load, l Limits) []Quota {
	quota := func(name, unit string, limit, needed float64, mend Mend, cost string) Quota {
		q := Quota{Name: name, Unit: unit, Limit: limit, Needed: needed, Breaks: math.MaxInt64}
		if limit >= 0 && needed > 0 {
			q.Breaks = int64(math.Floor(limit/needed*float64(load.Players) + 1e-6))
		}
		if !q.Enough() {
			q.Mend, q.Cost = mend, cost
		}
		return q
	}
	more := func(needed, limit float64) string {
		return fmt.Sprintf("$%.0f a month, while it is raised", math.Ceil(needed-limit)*cognitoPrice)
	}
	mailMend := ours(fmt.Sprintf("deploy --set %s=ARN", cfn.ParamEmailIdentity))
	if l.OwnSender {
		mailMend = advice("ask for more: SES console, Account dashboard")
	}
	list := []Quota{
		quota(email, "mails a day", l.Mails, load.SignUps, mailMend, fmt.Sprintf("$%.2f a day for the mails", load.SignUps*mailPrice)),
		quota("concurrency", "functions at once", l.Concurrency, load.AtOnce, Mend{AWS: raiseConcurrency}, "nothing"),
		quota("throttle", "requests a second", l.Throttle, load.Requests,
			ours(fmt.Sprintf("deploy --set %s=%d --set %s=%d", cfn.ParamThrottleRateLimit, min(roundUp(load.Requests), maxThrottle), cfn.ParamThrottleBurstLimit, min(2*roundUp(load.Requests), maxBurst))),
			"nothing"),
		quota(signIn, "sign-ins a second", cognitoSignIns, load.SignIns, advice("ask for more of UserAuthentication: Service Quotas console, Cognito user pools"), more(load.SignIns, cognitoSignIns)),
		quota(signUp, "sign-ups a second", cognitoSignUps, signUpsPerSecond(load), advice("ask for more of UserCreation: Service Quotas console, Cognito user pools"), more(signUpsPerSecond(load), cognitoSignUps)),
		quota("API", "requests a second", apiRequests, load.Requests, advice("ask for more: Service Quotas console, API Gateway"), "nothing"),
	}
	slices.SortStableFunc(list, func(a, b Quota) int { return cmp.Compare(a.Breaks, b.Breaks) })
	return list
}

// The template's bounds of its settings for throttling.
const maxThrottle, maxBurst = 10000, 5000

// signUpsPerSecond is how many sign up in a second if a fifth of a day's do so in its
// busiest hour.
func signUpsPerSecond(load Load) float64 { return load.SignUps / 5 / 3600 }

// roundUp is the next number that looks chosen: 167 becomes 200.
func roundUp(n float64) int {
	if n <= 10 {
		return max(1, int(math.Ceil(n)))
	}
	step := math.Pow(10, math.Floor(math.Log10(n)))
	return int(math.Ceil(n/step) * step)
}

// brief writes a rate: whole above ten.
func brief(n float64) string {
	if n >= 10 || n == 0 {
		return fmt.Sprintf("%.0f", n)
	}
	return fmt.Sprintf("%.2g", n)
}
