// Package saves administers where players' saves live: the table of manifests
// and the bucket of files.
package saves

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// TableClient is the part of the DynamoDB API that this package uses.
type TableClient interface {
	DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error)
	DescribeContinuousBackups(context.Context, *dynamodb.DescribeContinuousBackupsInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeContinuousBackupsOutput, error)
	UpdateContinuousBackups(context.Context, *dynamodb.UpdateContinuousBackupsInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateContinuousBackupsOutput, error)
	UpdateTable(context.Context, *dynamodb.UpdateTableInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateTableOutput, error)
	DeleteTable(context.Context, *dynamodb.DeleteTableInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteTableOutput, error)
}

var _ TableClient = (*dynamodb.Client)(nil)

// Table is the table of manifests.
type Table struct {
	client TableClient
	Name   string
}

// NewTable returns the table of that name.
func NewTable(client TableClient, name string) *Table { return &Table{client: client, Name: name} }

// Exists tells whether the table is there. One that is being deleted still is.
func (t *Table) Exists(ctx context.Context) (bool, error) {
	there, _, err := t.Protected(ctx)
	return there, err
}

// Protected tells whether the table is there, and whether it is protected
// against deletion.
func (t *Table) Protected(ctx context.Context) (there, protected bool, err error) {
	out, err := t.client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &t.Name})
	if cloud.IsNotFound(err) {
		return false, false, nil
	}
	if err != nil {
		return false, false, fmt.Errorf("read table %s: %w", t.Name, err)
	}
	if out.Table == nil {
		return false, false, fmt.Errorf("read table %s: %w", t.Name, cloud.ErrEmptyAnswer)
	}
	return true, aws.ToBool(out.Table.DeletionProtectionEnabled), nil
}

// Protect protects the table against deletion. A table that does not exist is no error.
func (t *Table) Protect(ctx context.Context) error { return t.protect(ctx, true) }

// Unprotect lifts the table's deletion protection. A table that does not exist is no error.
func (t *Table) Unprotect(ctx context.Context) error { return t.protect(ctx, false) }

func (t *Table) protect(ctx context.Context, on bool) error {
	there, protected, err := t.Protected(ctx)
	if err != nil || !there || protected == on {
		return err
	}
	_, err = t.client.UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: &t.Name, DeletionProtectionEnabled: &on})
	if err != nil {
		return fmt.Errorf("change the deletion protection of table %s: %w", t.Name, err)
	}
	return nil
}

// patience is how long Delete waits for a table that another change still holds, and for its end.
const patience = 2 * time.Minute

var errBusy = fmt.Errorf("still being deleted or changed after %s", patience)

// Delete deletes the table and returns when it is gone. One that does not exist is no error.
func (t *Table) Delete(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errBusy)
	defer cancel()
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		_, err := t.client.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &t.Name})
		if cloud.IsNotFound(err) {
			return nil
		}
		// While it is updated or deleted DynamoDB answers ResourceInUseException.
		if err != nil && cloud.KindOf(err) != cloud.Conflict {
			return fmt.Errorf("delete table %s: %w", t.Name, err)
		}
		if err := cloud.Sleep(ctx, pause); err != nil {
			return fmt.Errorf("delete table %s: %w", t.Name, err)
		}
	}
}
