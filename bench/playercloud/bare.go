package main

import (
	"context"
	"encoding/json"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"golang.org/x/sync/errgroup"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	_ "github.com/renpy-cloud/renpyctl/internal/heap" // collects no more often than the program it is compared with
	"github.com/renpy-cloud/renpyctl/internal/saves"
	"github.com/renpy-cloud/renpyctl/internal/savesync/awsstore"
)

// atOnce is for how many players saves verify reads at once.
const atOnce = 16

// readAll makes the calls of a comparison, by the same clients, and decodes no record.
func readAll(endpoint string) error {
	config := awsstore.Config{
		Region: "us-east-1", Endpoint: endpoint, Table: table, Bucket: savesBucket,
		Credentials: aws.NewCredentialsCache(credentials.NewStaticCredentialsProvider("test", "test", "")),
	}
	manifests, objects := awsstore.NewManifests(config), awsstore.NewObjects(config)
	items := saves.NewItems(dynamodb.NewFromConfig(cloud.Local(endpoint, cloud.Options{})), table)
	start, players := time.Now(), 0
	group, ctx := errgroup.WithContext(context.Background())
	group.SetLimit(atOnce)
	for player, err := range items.Players(ctx, "") {
		if err != nil {
			return err
		}
		players++
		group.Go(func() error {
			if _, _, err := manifests.Load(ctx, player); err != nil {
				return err
			}
			for _, err := range objects.History(ctx, "users/"+player+"/") {
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"count": players, "seconds": time.Since(start).Seconds()})
}
