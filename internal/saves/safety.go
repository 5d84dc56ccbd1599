package saves

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// Recovery tells whether the table can be restored to what it was, and of how many
// days; 0 if it cannot, and where there is no such table.
func (t *Table) Recovery(ctx context.Context) (days int32, err error) {
	out, err := t.client.DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: &t.Name})
	if cloud.IsNotFound(err) || hasCode(err, "TableNotFoundException") {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the backups of table %s: %w", t.Name, err)
	}
	if b := out.ContinuousBackupsDescription; b != nil && b.PointInTimeRecoveryDescription != nil {
		if p := b.PointInTimeRecoveryDescription; p.PointInTimeRecoveryStatus == ddb.PointInTimeRecoveryStatusEnabled {
			const unsaid = 35 // the period before there was a choice (DynamoDB developer guide, "Point-in-time recovery")
			if days = aws.ToInt32(p.RecoveryPeriodInDays); days == 0 {
				days = unsaid
			}
		}
	}
	return days, nil
}

// Versioned tells whether the bucket keeps what is overwritten.
func (b *Bucket) Versioned(ctx context.Context) (bool, error) {
	out, err := b.client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &b.Name, ExpectedBucketOwner: &b.Owner})
	if err != nil {
		return false, fmt.Errorf("read the versioning of bucket %s: %w", b.Name, err)
	}
	return out.Status == types.BucketVersioningStatusEnabled, nil
}

// Private tells whether S3 keeps the bucket from the public whatever policies and
// ACLs say. A bucket without such a block has none of it.
func (b *Bucket) Private(ctx context.Context) (bool, error) {
	out, err := b.client.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &b.Name, ExpectedBucketOwner: &b.Owner})
	if hasCode(err, "NoSuchPublicAccessBlockConfiguration") {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the public access block of bucket %s: %w", b.Name, err)
	}
	c := out.PublicAccessBlockConfiguration
	return c != nil && aws.ToBool(c.BlockPublicAcls) && aws.ToBool(c.BlockPublicPolicy) && aws.ToBool(c.IgnorePublicAcls) && aws.ToBool(c.RestrictPublicBuckets), nil
}

// OnlyTLS tells whether the bucket's policy refuses requests without TLS.
func (b *Bucket) OnlyTLS(ctx context.Context) (bool, error) {
	p, _, err := b.policy(ctx)
	return err == nil && slices.ContainsFunc(p.Statement, refusesPlain), err
}

// refusesPlain recognises a statement that denies everybody everything without TLS.
func refusesPlain(statement json.RawMessage) bool {
	var s struct {
		Effect            string
		Principal, Action any
		Condition         struct {
			Bool map[string]any
		}
	}
	return json.Unmarshal(statement, &s) == nil && s.Effect == "Deny" && fmt.Sprint(s.Principal) == "*" && fmt.Sprint(s.Action) == "s3:*" &&
		fmt.Sprint(s.Condition.Bool["aws:SecureTransport"]) == "false"
}

// hasCode tells an answer of AWS by its code.
func hasCode(err error, code string) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && api.ErrorCode() == code
}
