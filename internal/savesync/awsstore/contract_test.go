package awsstore_test

import (
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/renpy-cloud/renpyctl/internal/savesync/awsstore"
	"github.com/renpy-cloud/renpyctl/internal/savesync/storetest"
)

// stores returns the stores under test with the owner of their table and bucket.
func stores(o owner) storetest.Stores {
	return storetest.Stores{
		Manifests: awsstore.NewManifests(o.config),
		Objects:   awsstore.NewObjects(o.config),
		Archive:   awsstore.NewObjects(o.config),
		Client:    storetest.HTTP{},
		Owner:     o,
		Pass:      time.Sleep,
		Rules:     o.rules,
	}
}

// TestContractOnAWS runs the contract over a stack's table and bucket, which
// RENPYCTL_STORETEST_TABLE and RENPYCTL_STORETEST_BUCKET name, with the
// environment's credentials and region. Players of the stack are not touched: the
// tests have their own, and destroy what they wrote. It takes some 5,000 requests.
func TestContractOnAWS(t *testing.T) {
	table, bucket := os.Getenv("RENPYCTL_STORETEST_TABLE"), os.Getenv("RENPYCTL_STORETEST_BUCKET")
	if table == "" || bucket == "" {
		t.Skip("RENPYCTL_STORETEST_TABLE and RENPYCTL_STORETEST_BUCKET name no stack")
	}
	cfg, err := awsconfig.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	endpoint := aws.ToString(cfg.BaseEndpoint)
	o := owner{
		config: awsstore.Config{Region: cfg.Region, Endpoint: endpoint, Credentials: cfg.Credentials, Table: table, Bucket: bucket},
		s3:     s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = endpoint != "" }),
		ddb:    dynamodb.NewFromConfig(cfg),
	}
	storetest.Run(t, func(testing.TB) storetest.Stores { return stores(o) })
}
