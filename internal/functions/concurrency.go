package functions

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// AccountClient is the part of the Lambda API that tells of the account.
type AccountClient interface {
	GetAccountSettings(context.Context, *lambda.GetAccountSettingsInput, ...func(*lambda.Options)) (*lambda.GetAccountSettingsOutput, error)
}

var _ AccountClient = (*lambda.Client)(nil)

// Concurrency is how many invocations Lambda runs at once in the account and
// region, all functions together. A new account has 10 until AWS raises it
// (Lambda developer guide, "Lambda quotas").
func Concurrency(ctx context.Context, client AccountClient) (int64, error) {
	out, err := client.GetAccountSettings(ctx, &lambda.GetAccountSettingsInput{})
	if err != nil {
		return 0, fmt.Errorf("read Lambda's quotas: %w", err)
	}
	if out.AccountLimit == nil {
		return 0, fmt.Errorf("read Lambda's quotas: the answer has none")
	}
	return int64(out.AccountLimit.ConcurrentExecutions), nil
}
