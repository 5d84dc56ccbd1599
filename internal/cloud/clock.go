package cloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// ErrNoDate says that an answer did not tell the time.
var ErrNoDate = errors.New("the answer does not tell the time")

// ServerTime asks AWS what time it is, to a second: every answer says so (RFC 9110,
// Date). The request has no signature, so that it works with a clock that is wrong
// by more than AWS takes signatures for, and needs no permission.
func ServerTime(ctx context.Context, cfg aws.Config) (time.Time, error) {
	address := cmp.Or(endpointOf(cfg, "STS"), aws.ToString(cfg.BaseEndpoint), "https://sts."+cfg.Region+"."+URLSuffix(cfg.Region))
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, address, http.NoBody)
	if err != nil {
		return time.Time{}, fmt.Errorf("ask AWS for the time: %w", err)
	}
	answer, err := cfg.HTTPClient.Do(request)
	if err != nil {
		return time.Time{}, fmt.Errorf("ask AWS for the time: %w", err)
	}
	defer answer.Body.Close()
	at, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		return time.Time{}, ErrNoDate
	}
	return at, nil
}
