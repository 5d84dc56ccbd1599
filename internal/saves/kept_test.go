package saves_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/renpy-cloud/renpyctl/internal/awsfake"
)

func TestKept(t *testing.T) {
	fake, table := newTable(t)
	answer := func(record string) {
		awsfake.On(fake, func(in *dynamodb.GetItemInput) (*dynamodb.GetItemOutput, error) {
			if in.Key["user_id"].(*types.AttributeValueMemberS).Value != "sub" || in.Key["game_id"].(*types.AttributeValueMemberS).Value != "*" {
				t.Errorf("asked for %v", in.Key)
			}
			if record == "" {
				return &dynamodb.GetItemOutput{}, nil
			}
			return &dynamodb.GetItemOutput{Item: map[string]types.AttributeValue{"record": &types.AttributeValueMemberS{Value: record}}}, nil
		})
	}
	answer(`{"format":1,"games":{"b":{"files":{"persistent":{"size":5,"committed_at":100}}},
		"a":{"files":{"1-1-LT1.save":{"size":7,"committed_at":300},"1-2-LT1.save":{"size":1,"committed_at":200}}}},"usage":{"since":50,"at":250}}`)
	k, err := table.Kept(t.Context(), "sub")
	files, bytes := k.Total()
	if err != nil || len(k.Games) != 2 || k.Games[0].ID != "a" || k.Games[0].Files != 2 || files != 3 || bytes != 13 || !k.LastSync.Equal(time.Unix(300, 0)) {
		t.Errorf("%+v, %v", k, err)
	}
	answer("")
	if k, err := table.Kept(t.Context(), "sub"); err != nil || len(k.Games) > 0 || !k.LastSync.IsZero() {
		t.Errorf("nobody: %+v, %v", k, err)
	}
	// Neither passes for a player who keeps nothing.
	for record, want := range map[string]string{`{"format":1`: "is damaged", `{"format":2}`: "has format 2"} {
		answer(record)
		if _, err := table.Kept(t.Context(), "sub"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", record, err, want)
		}
	}
}
