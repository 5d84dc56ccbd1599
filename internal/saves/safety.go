package saves

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// MaxRecoveryDays is how far back a table can be restored at most, and was before there
// was a choice (DynamoDB developer guide, "Point-in-time recovery").
const MaxRecoveryDays = 35

// Recovery tells whether the table can be restored to what it was, and of how many
// days; 0 if it cannot, and where there is no such table.
func (t *Table) Recovery(ctx context.Context) (days int32, err error) {
	out, err := t.client.DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: &t.Name})
	if cloud.IsNotFound(err) || cloud.Code(err) == "TableNotFoundException" {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the backups of table %s: %w", t.Name, err)
	}
	if b := out.ContinuousBackupsDescription; b != nil && b.PointInTimeRecoveryDescription != nil {
		if p := b.PointInTimeRecoveryDescription; p.PointInTimeRecoveryStatus == ddb.PointInTimeRecoveryStatusEnabled {
			if days = aws.ToInt32(p.RecoveryPeriodInDays); days == 0 {
				days = MaxRecoveryDays
			}
		}
	}
	return days, nil
}

// Recover lets the table be restored to what it was at any time of the last days.
func (t *Table) Recover(ctx context.Context, days int32) error {
	_, err := t.client.UpdateContinuousBackups(ctx, &dynamodb.UpdateContinuousBackupsInput{
		TableName:                        &t.Name,
		PointInTimeRecoverySpecification: &ddb.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: aws.Bool(true), RecoveryPeriodInDays: &days},
	})
	if err != nil {
		return fmt.Errorf("change the backups of table %s: %w", t.Name, err)
	}
	return nil
}

// Versioned tells whether the bucket keeps what is overwritten.
func (b *Bucket) Versioned(ctx context.Context) (bool, error) {
	out, err := b.client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &b.Name, ExpectedBucketOwner: &b.Owner})
	if err != nil {
		return false, fmt.Errorf("read the versioning of bucket %s: %w", b.Name, err)
	}
	return out.Status == types.BucketVersioningStatusEnabled, nil
}

// Version has the bucket keep what is overwritten.
func (b *Bucket) Version(ctx context.Context) error {
	_, err := b.client.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
		Bucket: &b.Name, ExpectedBucketOwner: &b.Owner,
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	})
	if err != nil {
		return fmt.Errorf("change the versioning of bucket %s: %w", b.Name, err)
	}
	return nil
}

// Private tells whether S3 keeps the bucket from the public whatever policies and
// ACLs say. A bucket without such a block has none of it.
func (b *Bucket) Private(ctx context.Context) (bool, error) {
	out, err := b.client.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &b.Name, ExpectedBucketOwner: &b.Owner})
	if cloud.Code(err) == "NoSuchPublicAccessBlockConfiguration" {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the public access block of bucket %s: %w", b.Name, err)
	}
	c := out.PublicAccessBlockConfiguration
	return c != nil && aws.ToBool(c.BlockPublicAcls) && aws.ToBool(c.BlockPublicPolicy) && aws.ToBool(c.IgnorePublicAcls) && aws.ToBool(c.RestrictPublicBuckets), nil
}

// Close keeps the bucket from the public, whatever policies and ACLs say.
func (b *Bucket) Close(ctx context.Context) error {
	on := aws.Bool(true)
	_, err := b.client.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{
		Bucket: &b.Name, ExpectedBucketOwner: &b.Owner,
		PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{
			BlockPublicAcls: on, BlockPublicPolicy: on, IgnorePublicAcls: on, RestrictPublicBuckets: on,
		},
	})
	if err != nil {
		return fmt.Errorf("change the public access block of bucket %s: %w", b.Name, err)
	}
	return nil
}
