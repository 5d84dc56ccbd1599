// Package mail reads what Amazon SES lets the account send in a region.
package mail

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
)

// Client is the part of the SES API that this package uses.
type Client interface {
	GetAccount(context.Context, *sesv2.GetAccountInput, ...func(*sesv2.Options)) (*sesv2.GetAccountOutput, error)
}

var _ Client = (*sesv2.Client)(nil)

// Account is what SES lets the account send (SES API reference, GetAccount).
type Account struct {
	// Production says that it may mail anybody; before, in the sandbox, only addresses
	// and domains that it has verified.
	Production bool
	// Enabled says that SES sends at all: it stops who gets too many complaints.
	Enabled bool
	// Enforcement is HEALTHY, PROBATION or SHUTDOWN.
	Enforcement string
	// Daily is how many mails it may send in 24 hours, -1 for any number, and Sent how
	// many it has.
	Daily, Sent float64
}

// Read asks SES.
func Read(ctx context.Context, client Client) (Account, error) {
	out, err := client.GetAccount(ctx, &sesv2.GetAccountInput{})
	if err != nil {
		return Account{}, fmt.Errorf("read what SES lets the account send: %w", err)
	}
	a := Account{Production: out.ProductionAccessEnabled, Enabled: out.SendingEnabled, Enforcement: aws.ToString(out.EnforcementStatus), Daily: -1}
	if q := out.SendQuota; q != nil {
		a.Daily, a.Sent = q.Max24HourSend, q.SentLast24Hours
	}
	return a, nil
}
