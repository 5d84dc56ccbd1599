package awsstore

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
)

// allGames is the range key of a player's record, which spans all games. It is no
// game id, so it meets no item of the old backend, which had one a game.
const allGames = "*"

// Manifests keeps records in a DynamoDB table with the hash key user_id and the
// range key game_id. An item has the record as JSON text in the attribute
// `record`, and its `revision`.
type Manifests struct{ client *client }

var _ savesync.ManifestStore = (*Manifests)(nil)

// NewManifests returns the store. It makes no call.
func NewManifests(c Config) *Manifests { return &Manifests{newClient(c, "dynamodb")} }

// Now returns DynamoDB's time as its last answer told it.
func (m *Manifests) Now() time.Time { return m.client.now() }

// attribute is a DynamoDB value, as far as it is used here.
type attribute struct {
	S *string              `json:"S,omitempty"`
	N *string              `json:"N,omitempty"`
	M map[string]attribute `json:"M,omitempty"`
}

func text(s string) attribute { return attribute{S: &s} }

func number(n int64) attribute {
	s := strconv.FormatInt(n, 10)
	return attribute{N: &s}
}

func itemKey(player, game string) map[string]attribute {
	return map[string]attribute{"user_id": text(player), "game_id": text(game)}
}

// Load reads a record with GetItem, strongly consistent. Of an item without a record that
// is text it returns the item itself, in DynamoDB's JSON, which is no record: one that is
// damaged, and not one of a player who is new. Without a revision as well that is 0, on
// which Save has the right condition, too.
func (m *Manifests) Load(ctx context.Context, player string) ([]byte, int64, error) {
	item, text, err := m.get(ctx, player, allGames)
	if err != nil || len(item) == 0 {
		return nil, 0, err
	}
	if record := item["record"].S; record != nil && *record != "" {
		text = []byte(*record)
	} else if _, ok := item["revision"]; !ok {
		return text, 0, nil
	}
	n, err := strconv.ParseInt(item["revision"].digits(), 10, 64)
	if err != nil || n < 1 || item["revision"].N == nil {
		return nil, 0, errors.New("dynamodb: the player's item has no revision")
	}
	return text, n, nil
}

// Save writes a record with UpdateItem, on the condition that its revision is still the one given.
func (m *Manifests) Save(ctx context.Context, player string, data []byte, revision int64) error {
	values := map[string]attribute{":record": text(string(data)), ":next": number(revision + 1)}
	condition := "attribute_not_exists(revision)"
	if revision > 0 {
		condition = "revision = :revision"
		values[":revision"] = number(revision)
	}
	err := m.call(ctx, "UpdateItem", map[string]any{
		"TableName":                 m.client.config.Table,
		"Key":                       itemKey(player, allGames),
		"UpdateExpression":          "SET #record = :record, revision = :next",
		"ConditionExpression":       condition,
		"ExpressionAttributeNames":  map[string]string{"#record": "record"},
		"ExpressionAttributeValues": values,
	}, nil)
	if code(err) == "ConditionalCheckFailedException" {
		return savesync.ErrConflict
	}
	return err
}

// LoadOld reads the map `files` of an item of the old backend: by file name a
// size, a modified_timestamp and a checksum.
func (m *Manifests) LoadOld(ctx context.Context, player, game string) ([]savesync.Entry, error) {
	item, _, err := m.get(ctx, player, game)
	if err != nil {
		return nil, err
	}
	var list []savesync.Entry
	for name, file := range item["files"].M {
		size, err := strconv.ParseInt(file.M["size"].digits(), 10, 64)
		if err != nil {
			continue
		}
		modified, err := savesync.ParseTimestamp(file.M["modified_timestamp"].digits())
		if err != nil {
			continue
		}
		list = append(list, savesync.Entry{Name: name, Size: size, Modified: modified, Checksum: strings.ToLower(file.M["checksum"].digits())})
	}
	return list, nil
}

// digits returns a number or a text.
func (a attribute) digits() string {
	switch {
	case a.N != nil:
		return *a.N
	case a.S != nil:
		return *a.S
	default:
		return ""
	}
}

// get reads one item, empty if there is none, and returns it also as DynamoDB wrote it.
func (m *Manifests) get(ctx context.Context, player, game string) (item map[string]attribute, text []byte, err error) {
	var out struct{ Item json.RawMessage }
	err = m.call(ctx, "GetItem", map[string]any{
		"TableName":      m.client.config.Table,
		"Key":            itemKey(player, game),
		"ConsistentRead": true,
	}, &out)
	if err != nil || len(out.Item) == 0 {
		return nil, nil, err
	}
	err = json.Unmarshal(out.Item, &item)
	return item, out.Item, err
}

// call makes one call of DynamoDB's JSON protocol.
func (m *Manifests) call(ctx context.Context, action string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	u := &url.URL{Scheme: "https", Host: m.client.host(), Path: "/"}
	if e := m.client.config.Endpoint; e != "" {
		if u, err = url.Parse(strings.TrimRight(e, "/") + "/"); err != nil {
			return err
		}
	}
	r := request{method: http.MethodPost, url: u, body: string(body), header: http.Header{
		"Content-Type": {"application/x-amz-json-1.0"},
		"X-Amz-Target": {"DynamoDB_20120810." + action},
	}}
	return m.client.do(ctx, r, func(resp *http.Response) error {
		if out == nil {
			return nil
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		return json.Unmarshal(b, out)
	})
}

// jsonError returns the code of a DynamoDB error, what stands after the # of its type,
// and its message.
func jsonError(body []byte) (code, message string) {
	var e struct {
		Type    string `json:"__type"`
		Message string
	}
	if json.Unmarshal(body, &e) != nil {
		return "", ""
	}
	return e.Type[strings.LastIndexByte(e.Type, '#')+1:], e.Message
}
