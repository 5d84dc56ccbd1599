package saves

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Kept is what the table's record says of a player's current saves.
type Kept struct {
	Games []Game
	// LastSync is when a device last sent something or was last sent something, as
	// far as the record tells; zero for never. A sync that moved nothing leaves no trace.
	LastSync time.Time
}

// Game is what is kept of one game.
type Game struct {
	ID    string `json:"game"`
	Files int64  `json:"files"`
	Bytes int64  `json:"bytes"`
}

// Total adds up the games.
func (k Kept) Total() (files, bytes int64) {
	for _, g := range k.Games {
		files, bytes = files+g.Files, bytes+g.Bytes
	}
	return files, bytes
}

// record is the part of a player's record that is read here; docs/protocol.md
// has all of it.
type record struct {
	Format int `json:"format"`
	Games  map[string]struct {
		Files map[string]struct {
			Size      int64 `json:"size"`
			Committed int64 `json:"committed_at"`
		} `json:"files"`
	} `json:"games"`
	Usage struct {
		Since int64 `json:"since"`
		At    int64 `json:"at"`
	} `json:"usage"`
}

// Kept reads a player's record; a player without one keeps nothing.
func (t *Table) Kept(ctx context.Context, sub string) (Kept, error) {
	out, err := t.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &t.Name, Key: map[string]types.AttributeValue{
		"user_id": &types.AttributeValueMemberS{Value: sub}, "game_id": &types.AttributeValueMemberS{Value: "*"}, // of all games
	}})
	if err != nil {
		return Kept{}, fmt.Errorf("read the record of player %s: %w", sub, err)
	}
	text, ok := out.Item["record"].(*types.AttributeValueMemberS)
	if !ok {
		return Kept{}, nil
	}
	var r record
	if err := json.Unmarshal([]byte(text.Value), &r); err != nil {
		return Kept{}, fmt.Errorf("the record of player %s is damaged: %w", sub, err)
	}
	if r.Format != 1 {
		return Kept{}, fmt.Errorf("the record of player %s has format %d, this renpyctl knows 1", sub, r.Format)
	}
	return r.kept(), nil
}

func (r record) kept() Kept {
	k := Kept{}
	last := max(r.Usage.Since, r.Usage.At)
	for _, id := range slices.Sorted(maps.Keys(r.Games)) {
		g := Game{ID: id}
		for _, f := range r.Games[id].Files {
			g.Files++
			g.Bytes += f.Size
			last = max(last, f.Committed)
		}
		k.Games = append(k.Games, g)
	}
	if last > 0 {
		k.LastSync = time.Unix(last, 0)
	}
	return k
}
