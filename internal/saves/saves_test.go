package saves_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/saves"
)

var (
	noTable  = awsfake.Error{Code: "ResourceNotFoundException", Message: "Requested resource not found: Table: t not found"}
	inUse    = awsfake.Error{Code: "ResourceInUseException", Message: "Attempt to change a resource which is still in use: Table is being deleted: t"}
	noBucket = awsfake.Error{Code: "NotFound", Message: "Not Found", Status: 404}
	denied   = awsfake.Error{Code: "Forbidden", Message: "Forbidden", Status: 403}
)

func newTable(t *testing.T) (*awsfake.Fake, *saves.Table) {
	fake := awsfake.New(t)
	return fake, saves.NewTable(dynamodb.NewFromConfig(fake.Config()), "t")
}

func TestTableUnprotect(t *testing.T) {
	for _, c := range []struct {
		what      string
		protected bool
		err       error
		want      []string
	}{
		{"protected", true, nil, []string{"DescribeTable", "UpdateTable"}},
		{"not protected", false, nil, []string{"DescribeTable"}},
		{"not there", false, noTable, []string{"DescribeTable"}},
	} {
		fake, table := newTable(t)
		awsfake.On(fake, func(*dynamodb.DescribeTableInput) (*dynamodb.DescribeTableOutput, error) {
			return &dynamodb.DescribeTableOutput{Table: &types.TableDescription{DeletionProtectionEnabled: &c.protected}}, c.err
		})
		awsfake.On(fake, func(in *dynamodb.UpdateTableInput) (*dynamodb.UpdateTableOutput, error) {
			if *in.DeletionProtectionEnabled || in.BillingMode != "" || in.AttributeDefinitions != nil {
				t.Errorf("%s: updated %+v", c.what, in)
			}
			return &dynamodb.UpdateTableOutput{}, nil
		})
		if err := table.Unprotect(t.Context()); err != nil {
			t.Errorf("%s: %v", c.what, err)
		}
		if got := fake.Operations(); !slices.Equal(got, c.want) {
			t.Errorf("%s: calls %v, want %v", c.what, got, c.want)
		}
	}
}

// Delete returns when the table is gone: it may be busy at first, and deleting takes its time.
func TestTableDelete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake, table := newTable(t)
		start := time.Now()
		gone := start.Add(20 * time.Second)
		awsfake.On(fake, func(*dynamodb.DeleteTableInput) (*dynamodb.DeleteTableOutput, error) {
			switch {
			case time.Since(start) < 3*time.Second: // an update still runs
				return nil, inUse
			case time.Now().Before(gone):
				return &dynamodb.DeleteTableOutput{}, nil
			}
			return nil, noTable
		})
		if err := table.Delete(t.Context()); err != nil {
			t.Fatal(err)
		}
		if late := time.Since(gone); late < 0 || late > 2*time.Second {
			t.Errorf("returned %s after the table was gone", late)
		}
		if n := len(fake.Calls()); n > 20 {
			t.Errorf("%d calls", n)
		}
	})
}

func TestTableDeleteGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake, table := newTable(t)
		awsfake.On(fake, func(*dynamodb.DeleteTableInput) (*dynamodb.DeleteTableOutput, error) { return nil, inUse })
		start := time.Now()
		err := table.Delete(t.Context())
		if took := time.Since(start); took != 2*time.Minute {
			t.Errorf("gave up after %s", took)
		}
		if err == nil || !strings.Contains(err.Error(), "still being deleted or changed after 2m") || cloud.KindOf(err) == cloud.Unreachable {
			t.Errorf("gave %v, which is no network error", err)
		}

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := table.Delete(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("interrupted: %v", err)
		}
		awsfake.On(fake, func(*dynamodb.DeleteTableInput) (*dynamodb.DeleteTableOutput, error) {
			return nil, awsfake.Error{Code: "AccessDeniedException", Message: "no"}
		})
		if err := table.Delete(t.Context()); cloud.KindOf(err) != cloud.Denied {
			t.Errorf("without permission: %v", err)
		}
	})
}

func TestExists(t *testing.T) {
	fake := awsfake.New(t)
	table := saves.NewTable(dynamodb.NewFromConfig(fake.Config()), "t")
	bucket := saves.NewBucket(s3.NewFromConfig(fake.Config()), "b", "123456789012")
	for _, c := range []struct {
		table, bucket error
		there         bool
		kind          cloud.Kind
	}{
		{nil, nil, true, cloud.Other},
		{noTable, noBucket, false, cloud.Other},
		{awsfake.Error{Code: "AccessDeniedException", Message: "no"}, denied, false, cloud.Denied},
	} {
		awsfake.On(fake, func(*dynamodb.DescribeTableInput) (*dynamodb.DescribeTableOutput, error) {
			return &dynamodb.DescribeTableOutput{}, c.table
		})
		awsfake.On(fake, func(in *s3.HeadBucketInput) (*s3.HeadBucketOutput, error) {
			if aws.ToString(in.ExpectedBucketOwner) != "123456789012" {
				t.Error("the owner is not named")
			}
			return &s3.HeadBucketOutput{}, c.bucket
		})
		for what, exists := range map[string]func(context.Context) (bool, error){"table": table.Exists, "bucket": bucket.Exists} {
			there, err := exists(t.Context())
			if there != c.there || cloud.KindOf(err) != c.kind || (err != nil) != (c.kind != cloud.Other) {
				t.Errorf("%s: %v, %v; want %v and kind %d", what, there, err, c.there, c.kind)
			}
		}
	}
}

// The policy keeps what the template's own says (TLS only) and refuses uploads.
func TestFreeze(t *testing.T) {
	fake := awsfake.New(t)
	bucket := saves.NewBucket(s3.NewFromConfig(fake.Config()), "b", "123456789012")
	awsfake.On(fake, func(*s3.PutBucketPolicyInput) (*s3.PutBucketPolicyOutput, error) {
		return &s3.PutBucketPolicyOutput{}, nil
	})
	if err := bucket.Freeze(t.Context(), "aws-cn"); err != nil {
		t.Fatal(err)
	}
	in := awsfake.Inputs[s3.PutBucketPolicyInput](fake)[0]
	var policy struct {
		Statement []struct {
			Effect, Principal, Action string
			Resource                  any
			Condition                 map[string]map[string]string
		}
	}
	if err := json.Unmarshal([]byte(*in.Policy), &policy); err != nil {
		t.Fatalf("the policy is no JSON: %v", err)
	}
	if s := policy.Statement[0]; s.Effect != "Deny" || s.Principal != "*" || s.Action != "s3:PutObject" || s.Resource != "arn:aws-cn:s3:::b/*" || s.Condition != nil {
		t.Errorf("uploads: %+v", s)
	}
	if s := policy.Statement[1]; s.Effect != "Deny" || s.Action != "s3:*" || s.Condition["Bool"]["aws:SecureTransport"] != "false" {
		t.Errorf("TLS: %+v", s)
	}
	if aws.ToString(in.ExpectedBucketOwner) != "123456789012" {
		t.Error("the owner is not named")
	}
}

func TestBucketThatIsGone(t *testing.T) {
	fake := awsfake.New(t)
	bucket := saves.NewBucket(s3.NewFromConfig(fake.Config()), "b", "123456789012")
	gone := awsfake.Error{Code: "NoSuchBucket", Message: "The specified bucket does not exist", Status: 404}
	awsfake.On(fake, func(*s3.PutBucketPolicyInput) (*s3.PutBucketPolicyOutput, error) { return nil, gone })
	awsfake.On(fake, func(*s3.DeleteBucketInput) (*s3.DeleteBucketOutput, error) { return nil, gone })
	if err := bucket.Freeze(t.Context(), "aws"); err != nil {
		t.Errorf("Freeze: %v", err)
	}
	if err := bucket.Delete(t.Context()); err != nil {
		t.Errorf("Delete: %v", err)
	}
	awsfake.On(fake, func(*s3.DeleteBucketInput) (*s3.DeleteBucketOutput, error) {
		return nil, awsfake.Error{Code: "BucketNotEmpty", Message: "The bucket you tried to delete is not empty", Status: 409}
	})
	if err := bucket.Delete(t.Context()); cloud.KindOf(err) != cloud.Conflict {
		t.Errorf("a bucket that is not empty: %v", err)
	}
}
