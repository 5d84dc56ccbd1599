package saves

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// ItemClient is the part of the DynamoDB API that [Items] uses.
type ItemClient interface {
	dynamodb.QueryAPIClient
	dynamodb.ScanAPIClient
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
}

var _ ItemClient = (*dynamodb.Client)(nil)

// Items are the items of the table as a whole. What is in a player's record is for
// package savesync.
type Items struct {
	client ItemClient
	Table  string
}

// NewItems returns the items of the table of that name.
func NewItems(client ItemClient, table string) *Items { return &Items{client: client, Table: table} }

const (
	// recordItem is the range key of a player's record, all others being games that the
	// backend before this one wrote.
	recordItem = "*"
	// forgottenPlayers is the hash key of the suppression list. It is no player's id.
	forgottenPlayers = "#forgotten"
	keyItem          = "key"
	addressItem      = "address/"
	idItem           = "id/"
)

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func itemKey(user, game string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"user_id": text(user), "game_id": text(game)}
}

// value returns a text attribute, "" if there is none.
func value(item map[string]types.AttributeValue, name string) string {
	s, ok := item[name].(*types.AttributeValueMemberS)
	if !ok {
		return ""
	}
	return s.Value
}

// Old lists the games of which the backend before this one left an item of the player.
func (t *Items) Old(ctx context.Context, player string) ([]string, error) {
	games, err := t.games(ctx, player)
	return slices.DeleteFunc(games, func(game string) bool { return game == recordItem }), err
}

// DeleteOld deletes the player's item of a game that the backend before this one left.
func (t *Items) DeleteOld(ctx context.Context, player, game string) error {
	if game == recordItem {
		return errors.New("a record is not for deleting: it keeps a device from beginning another one")
	}
	return t.delete(ctx, "an old item", player, game)
}

// DeleteRecord deletes the record of a player who has no device any more: one that is
// left would begin another record. There may be none.
func (t *Items) DeleteRecord(ctx context.Context, player string) error {
	return t.delete(ctx, "a record", player, recordItem)
}

func (t *Items) delete(ctx context.Context, what, player, game string) error {
	_, err := t.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &t.Table, Key: itemKey(player, game)})
	if err != nil {
		return fmt.Errorf("delete %s in table %s: %w", what, t.Table, err)
	}
	return nil
}

// games lists the range keys below a hash key.
func (t *Items) games(ctx context.Context, user string) ([]string, error) {
	var list []string
	pages := dynamodb.NewQueryPaginator(t.client, &dynamodb.QueryInput{
		TableName: &t.Table, ConsistentRead: aws.Bool(true),
		KeyConditionExpression:    aws.String("user_id = :user"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":user": text(user)},
		ProjectionExpression:      aws.String("game_id"),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list items in table %s: %w", t.Table, err)
		}
		for _, item := range page.Items {
			list = append(list, value(item, "game_id"))
		}
	}
	return list, nil
}

// Players streams the ids of all players who have a record, in the table's own order,
// which stays the same; after is the one to go on after, "" to begin.
func (t *Items) Players(ctx context.Context, after string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		in := &dynamodb.ScanInput{TableName: &t.Table, ProjectionExpression: aws.String("user_id, game_id")}
		if after != "" {
			in.ExclusiveStartKey = itemKey(after, recordItem)
		}
		pages := dynamodb.NewScanPaginator(t.client, in)
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield("", fmt.Errorf("list the players in table %s: %w", t.Table, err))
				return
			}
			for _, item := range page.Items {
				if value(item, "game_id") == recordItem && !yield(value(item, "user_id"), nil) {
					return
				}
			}
		}
	}
}

// Suppression is who was forgotten and must not come back by an import or a restore.
type Suppression struct {
	ids, addresses map[string]bool
	key            []byte
}

// Len is how many players were forgotten.
func (s *Suppression) Len() int { return len(s.ids) }

// Has reports whether an id or an address, "" for none, is of a player who was forgotten.
func (s *Suppression) Has(id, address string) bool {
	return s.ids[id] || address != "" && s.addresses[hashed(s.key, address)]
}

// hashed is what the list keeps of an address: without the key, which is the stage's
// own, nobody can try addresses.
func hashed(key []byte, address string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(strings.ToLower(strings.TrimSpace(address))))
	return hex.EncodeToString(mac.Sum(nil))
}

// Suppressed reads the suppression list.
func (t *Items) Suppressed(ctx context.Context) (*Suppression, error) {
	s := &Suppression{ids: map[string]bool{}, addresses: map[string]bool{}}
	list, err := t.games(ctx, forgottenPlayers)
	if err != nil || len(list) == 0 {
		return s, err
	}
	if s.key, err = t.suppressionKey(ctx); err != nil {
		return nil, err
	}
	for _, entry := range list {
		if id, ok := strings.CutPrefix(entry, idItem); ok {
			s.ids[id] = true
		}
		if hash, ok := strings.CutPrefix(entry, addressItem); ok {
			s.addresses[hash] = true
		}
	}
	return s, nil
}

// Suppress enters a player, whose address may be "", into the suppression list. It can
// be done again.
func (t *Items) Suppress(ctx context.Context, id, address string) error {
	key, err := t.suppressionKey(ctx)
	if err != nil {
		return err
	}
	entries := []string{idItem + id}
	if address != "" {
		entries = append(entries, addressItem+hashed(key, address))
	}
	for _, entry := range entries {
		_, err := t.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &t.Table, Item: itemKey(forgottenPlayers, entry)})
		if err != nil {
			return fmt.Errorf("write the suppression list in table %s: %w", t.Table, err)
		}
	}
	return nil
}

// suppressionKey returns the key of the list's hashes, which is made when it is wanted
// first, by whoever comes first.
func (t *Items) suppressionKey(ctx context.Context) ([]byte, error) {
	fresh := make([]byte, sha256.Size)
	_, _ = rand.Read(fresh) // never fails, says crypto/rand
	item := itemKey(forgottenPlayers, keyItem)
	item["key"] = &types.AttributeValueMemberB{Value: fresh}
	_, err := t.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &t.Table, Item: item, ConditionExpression: aws.String("attribute_not_exists(user_id)"),
	})
	if err == nil {
		return fresh, nil
	}
	if cloud.Code(err) != "ConditionalCheckFailedException" {
		return nil, fmt.Errorf("write the suppression list in table %s: %w", t.Table, err)
	}
	out, err := t.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &t.Table, Key: itemKey(forgottenPlayers, keyItem), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return nil, fmt.Errorf("read the suppression list in table %s: %w", t.Table, err)
	}
	key, ok := out.Item["key"].(*types.AttributeValueMemberB)
	if !ok {
		return nil, fmt.Errorf("the suppression list in table %s has no key", t.Table)
	}
	return key.Value, nil
}
