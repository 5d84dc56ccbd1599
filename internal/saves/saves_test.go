package saves_test

import (
	"context"
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
			return &dynamodb.DescribeTableOutput{Table: &types.TableDescription{}}, c.table
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

// Frozen is what the bucket's policy says and that uploads are refused; thawed is
// what it said before.
func TestFreeze(t *testing.T) {
	const (
		tls  = `{"Sid":"OnlyTLS","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws-cn:s3:::b","arn:aws-cn:s3:::b/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}`
		deny = `{"Sid":"Frozen","Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws-cn:s3:::b/*"}`
		own  = `{"Effect":"Deny","Principal":"*","Action":"s3:*","Condition":{"NumericGreaterThan":{"s3:signatureAge":600000}}}`
	)
	for what, c := range map[string]struct{ before, frozen, thawed string }{
		"the template's policy": {
			`{"Version":"2012-10-17","Statement":[` + own + `]}`,
			`{"Version":"2012-10-17","Statement":[` + own + `,` + deny + `]}`, `{"Version":"2012-10-17","Statement":[` + own + `]}`,
		},
		"a single statement and an id": {
			`{"Version":"2012-10-17","Id":"x","Statement":` + own + `}`,
			`{"Version":"2012-10-17","Id":"x","Statement":[` + own + `,` + deny + `]}`, `{"Version":"2012-10-17","Id":"x","Statement":[` + own + `]}`,
		},
		"none": {"", `{"Version":"2012-10-17","Statement":[` + tls + `,` + deny + `]}`, `{"Version":"2012-10-17","Statement":[` + tls + `]}`},
	} {
		fake := awsfake.New(t)
		bucket := saves.NewBucket(s3.NewFromConfig(fake.Config()), "b", "123456789012")
		policy := c.before
		awsfake.On(fake, func(in *s3.GetBucketPolicyInput) (*s3.GetBucketPolicyOutput, error) {
			if policy == "" {
				return nil, awsfake.Error{Code: "NoSuchBucketPolicy", Message: "The bucket policy does not exist", Status: 404}
			}
			return &s3.GetBucketPolicyOutput{Policy: &policy}, nil
		})
		awsfake.On(fake, func(in *s3.PutBucketPolicyInput) (*s3.PutBucketPolicyOutput, error) {
			if aws.ToString(in.ExpectedBucketOwner) != "123456789012" {
				t.Error("the owner is not named")
			}
			policy = *in.Policy
			return &s3.PutBucketPolicyOutput{}, nil
		})
		for _, step := range []struct {
			do   func() error
			says saves.Uploads
			want string
		}{
			{func() error { return bucket.Freeze(t.Context(), "aws-cn") }, saves.Refused, c.frozen},
			{func() error { return bucket.Freeze(t.Context(), "aws-cn") }, saves.Refused, c.frozen},
			{func() error { return bucket.Thaw(t.Context()) }, saves.Allowed, c.thawed},
			{func() error { return bucket.Thaw(t.Context()) }, saves.Allowed, c.thawed},
		} {
			if err := step.do(); err != nil {
				t.Fatal(err)
			}
			if says, err := bucket.Policy(t.Context()); says.Uploads != step.says || err != nil || policy != step.want {
				t.Errorf("%s: %s, %v\n got %s\nwant %s", what, says.Uploads, err, policy, step.want)
			}
		}
	}
}

func TestBucketThatIsGone(t *testing.T) {
	fake := awsfake.New(t)
	bucket := saves.NewBucket(s3.NewFromConfig(fake.Config()), "b", "123456789012")
	gone := awsfake.Error{Code: "NoSuchBucket", Message: "The specified bucket does not exist", Status: 404}
	awsfake.On(fake, func(*s3.GetBucketPolicyInput) (*s3.GetBucketPolicyOutput, error) { return nil, gone })
	awsfake.On(fake, func(*s3.DeleteBucketInput) (*s3.DeleteBucketOutput, error) { return nil, gone })
	if err := bucket.Freeze(t.Context(), "aws"); err != nil {
		t.Errorf("Freeze: %v", err)
	}
	if says, err := bucket.Policy(t.Context()); says.Uploads != saves.NoBucket || err != nil {
		t.Errorf("Uploads: %s, %v", says.Uploads, err)
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
