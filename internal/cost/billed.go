package cost

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ce "github.com/aws/aws-sdk-go-v2/service/costexplorer"
	"github.com/aws/aws-sdk-go-v2/service/costexplorer/types"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// Biller is the part of the Cost Explorer API that this package uses.
type Biller interface {
	GetCostAndUsage(context.Context, *ce.GetCostAndUsageInput, ...func(*ce.Options)) (*ce.GetCostAndUsageOutput, error)
}

var _ Biller = (*ce.Client)(nil)

// AskPrice is what one question to Cost Explorer costs in dollars, each page of an
// answer included (Cost Explorer pricing).
const AskPrice = 0.01

// Billed is what AWS has billed in a month, up to a day ago.
type Billed struct {
	Services []BilledService
	Unit     string // "USD"
	// Estimated says that AWS may still change the figures.
	Estimated bool
	// More says that there was another page, which nobody has paid for.
	More bool
}

// BilledService is what a service has cost.
type BilledService struct {
	Name    string  // as AWS calls it
	Tagged  float64 // what is tagged as the stage's
	Account float64 // the whole account's
}

// answerWithin is how long Cost Explorer may take.
const answerWithin = 30 * time.Second

// AskBilled asks Cost Explorer, once, what the month of an instant has cost by
// service, and what of it has a tag of a value. Tags count once they are activated
// for billing, and not backwards; without that all is untagged. There is no second
// try, which would cost as much again.
func AskBilled(ctx context.Context, client Biller, now time.Time, tag, value string) (Billed, error) {
	start := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	out, err := cloud.Within(ctx, answerWithin, func(ctx context.Context) (*ce.GetCostAndUsageOutput, error) {
		return client.GetCostAndUsage(ctx, &ce.GetCostAndUsageInput{
			TimePeriod:  &types.DateInterval{Start: aws.String(start.Format(time.DateOnly)), End: aws.String(now.AddDate(0, 0, 1).Format(time.DateOnly))},
			Granularity: types.GranularityMonthly, Metrics: []string{metric},
			GroupBy: []types.GroupDefinition{
				{Type: types.GroupDefinitionTypeDimension, Key: aws.String("SERVICE")},
				{Type: types.GroupDefinitionTypeTag, Key: &tag},
			},
		}, func(o *ce.Options) { o.RetryMaxAttempts = 1 })
	})
	if err != nil {
		return Billed{}, fmt.Errorf("ask Cost Explorer: %w", err)
	}
	b := Billed{More: aws.ToString(out.NextPageToken) != ""}
	for _, period := range out.ResultsByTime {
		b.Estimated = b.Estimated || period.Estimated
		for _, g := range period.Groups {
			if err := b.add(g, tag+"$"+value); err != nil {
				return Billed{}, err
			}
		}
	}
	return b, nil
}

// metric is what usage has cost before discounts that are spread over time.
const metric = "UnblendedCost"

func (b *Billed) add(g types.Group, tagged string) error {
	amount := g.Metrics[metric]
	dollars, err := strconv.ParseFloat(aws.ToString(amount.Amount), 64)
	if err != nil || len(g.Keys) != 2 {
		return fmt.Errorf("ask Cost Explorer: it answered %q for %q", aws.ToString(amount.Amount), strings.Join(g.Keys, ", "))
	}
	b.Unit = aws.ToString(amount.Unit)
	i := 0
	for i < len(b.Services) && b.Services[i].Name != g.Keys[0] {
		i++
	}
	if i == len(b.Services) {
		b.Services = append(b.Services, BilledService{Name: g.Keys[0]})
	}
	b.Services[i].Account += dollars
	if g.Keys[1] == tagged {
		b.Services[i].Tagged += dollars
	}
	return nil
}
