//go:build e2e && (linux || darwin)

package e2e

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// TestBadInput: what no game would send gets an answer in the 400s that says
// why, files that are none of the game's are left alone, and nothing is stored.
func TestBadInput(t *testing.T) {
	t.Parallel()
	s := deploy(t, "input")
	p := s.player(t)
	sum := strings.Repeat("ab", 32)
	entry := func(size, modified, checksum string) string {
		return fmt.Sprintf(`{"path":"x","size":%s,"modified_timestamp":%s,"checksum":%s}`, size, modified, checksum)
	}
	good := entry("1", "1.5", `"`+sum+`"`)
	plan := func(game, file, entry string) string {
		return fmt.Sprintf(`{"game_id":%s,"manifest":{%s:%s}}`, game, file, entry)
	}
	named := func(name string) string { return plan(`"my_game"`, name, good) }
	about := func(entry string) string { return plan(`"my_game"`, `"persistent"`, entry) }

	type request struct{ name, body string }
	both := []request{
		{"nothing", ""},
		{"no JSON", "game_id=my_game"},
		{"half of it", `{"game_id":"my_game","manifest":{"persis`},
		{"two values", `{"game_id":"my_game","manifest":{}}{}`},
		{"null", "null"},
		{"true", "true"},
		{"a number", "1e400"},
		{"a list", "[]"},
		{"a string", `"my_game"`},
		{"no game", `{"manifest":{}}`},
		{"a game that is null", `{"game_id":null,"manifest":{}}`},
		{"a game that is a number", `{"game_id":7,"manifest":{}}`},
		{"a game that is empty", `{"game_id":"","manifest":{}}`},
		{"a game with a slash", `{"game_id":"my/game","manifest":{}}`},
		{"a game above the others", `{"game_id":"..","manifest":{}}`},
		{"a game with a NUL", `{"game_id":"my\u0000game","manifest":{}}`},
		{"a game too long", `{"game_id":"` + strings.Repeat("g", 65) + `","manifest":{}}`},
		{"not UTF-8", "{\"game_id\":\"\xff\xfe\",\"manifest\":{}}"},
		{"too deep", strings.Repeat(`{"a":`, 20000)},
		{"five megabytes", `{"game_id":"my_game","padding":"` + strings.Repeat("x", 5<<20) + `"}`},
	}
	plans := []request{
		{"no manifest", `{"game_id":"my_game"}`},
		{"a manifest that is null", `{"game_id":"my_game","manifest":null}`},
		{"a manifest that is a list", `{"game_id":"my_game","manifest":[]}`},
		{"an entry that is null", about("null")},
		{"an entry that is a list", about("[]")},
		{"an entry without anything", about("{}")},
		{"10,000 files", manyFiles(10_000, good)},

		{"a negative size", about(entry("-1", "1.5", `"`+sum+`"`))},
		{"a size beyond all numbers", about(entry("1e30", "1.5", `"`+sum+`"`))},
		{"half a byte", about(entry("0.5", "1.5", `"`+sum+`"`))},
		{"a size that is text", about(entry(`"1"`, "1.5", `"`+sum+`"`))},
		{"a size that is NaN", about(entry("NaN", "1.5", `"`+sum+`"`))},
		{"a time that is NaN", about(entry("1", "NaN", `"`+sum+`"`))},
		{"a time without end", about(entry("1", "Infinity", `"`+sum+`"`))},
		{"a time beyond all numbers", about(entry("1", "1e999", `"`+sum+`"`))},
		{"a time that is text", about(entry("1", `"yesterday"`, `"`+sum+`"`))},
		{"a time that is null", about(entry("1", "null", `"`+sum+`"`))},
		{"a short checksum", about(entry("1", "1.5", `"abcd"`))},
		{"a checksum of other letters", about(entry("1", "1.5", `"`+strings.Repeat("xy", 32)+`"`))},
		{"a checksum that is a number", about(entry("1", "1.5", "5"))},
		{"a checksum that is null", about(entry("1", "1.5", "null"))},
	}

	// What is no save of the game is left alone, so that it is not in the way of those that are.
	strange := []request{
		{"a file above", named(`"../x"`)},
		{"a file with a path", named(`"a/b"`)},
		{"an absolute file", named(`"/etc/passwd"`)},
		{"a file of Windows", named(`"C:\\x"`)},
		{"a device of Windows", named(`"NUL"`)},
		{"a file without a name", named(`""`)},
		{"a hidden file", named(`".bashrc"`)},
		{"a file with a line end", named(`"a\nb"`)},
		{"a file with a NUL", named(`"a\u0000b"`)},
		{"a file with an escape", named(`"a\u001b[2Jb"`)},
		{"a file turned around", named(`"a\u202eb"`)},
		{"a file with half a character", named(`"\ud800"`)},
		{"a file too long", named(`"` + strings.Repeat("n", 300) + `"`)},
		{"an enormous size", about(entry("9223372036854775807", "1.5", `"`+sum+`"`))},
		{"a size over the limit", about(entry("16777217", "1.5", `"`+sum+`"`))},
		{"an empty file", about(entry("0", "1.5", `"`+sum+`"`))},
		{"the half of a save", named(`"1-1-LT1.save.new"`)},
		{"an automatic save", named(`"auto-1-LT1.save"`)},
		{"a save of another alphabet", named(`"1-日本-LT1.save"`)},
		{"a strange file with a strange entry", plan(`"my_game"`, `"1-日本-LT1.save"`, "null")},
	}

	refused := func(t *testing.T, path, body string) {
		a := s.post(t, path, "Bearer "+p.token(t), []byte(body))
		// 401 would make a game sign in again.
		if a.status < 400 || a.status > 499 || a.status == 401 || a.status == 403 {
			t.Errorf("POST %s answers %d %.200s", path, a.status, a.body)
		}
		if a.message() == "" {
			t.Errorf("POST %s answers without a message: %.200s", path, a.body)
		}
	}
	for _, r := range both {
		t.Run(r.name, func(t *testing.T) {
			refused(t, "/sync/plan", r.body)
			refused(t, "/sync/complete", r.body)
		})
	}
	for _, r := range plans {
		t.Run(r.name, func(t *testing.T) { refused(t, "/sync/plan", r.body) })
	}

	for _, r := range strange {
		t.Run(r.name, func(t *testing.T) {
			if a := s.post(t, "/sync/plan", "Bearer "+p.token(t), []byte(r.body)); len(a.plan(t).Transfers()) > 0 {
				t.Errorf("POST /sync/plan answers %.200s", a.body)
			}
		})
	}

	out, err := clients(publicAccount).dynamodb.Scan(t.Context(), &dynamodb.ScanInput{TableName: &s.info.Outputs.ManifestTableName})
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range out.Items { // what was left alone is noted, and nothing else
		text, _ := item["record"].(*ddb.AttributeValueMemberS)
		if text == nil || strings.Contains(text.Value, `"checksum"`) || strings.Contains(text.Value, `"uploads"`) {
			t.Errorf("the table holds %v", item)
		}
	}
	if left := clients(publicAccount).versions(t, s.info.Outputs.SaveFilesBucketName); len(left) > 0 {
		t.Errorf("the bucket holds %v", left)
	}
	// The functions still serve.
	p.device(t, time.Now(), map[string]string{"persistent": "fine"}).sync(t, "persistent", "")
	// More files than are allowed: the others travel.
	if a := s.post(t, "/sync/plan", "Bearer "+p.token(t), []byte(manyFiles(501, good))); len(a.plan(t).Uploads) != 499 {
		t.Errorf("of 501 more files %d are to be sent", len(a.plan(t).Uploads))
	}
	r := s.run(t, "logs", "--raw").exits(t, 0)
	if strings.Contains(r.out, "panic") || strings.Contains(r.out, "goroutine") {
		t.Errorf("a function panicked:\n%s", r.out)
	}
	for _, why := range []string{`.bashrc":"name"`, `"persistent":"size"`, `LT1.save":"files"`} {
		if !strings.Contains(r.out, why) {
			t.Errorf("the logs do not say %s:\n%s", why, r.out)
		}
	}
}

func manyFiles(n int, entry string) string {
	var b bytes.Buffer
	b.WriteString(`{"game_id":"my_game","manifest":{`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"1-%d-LT1.save":%s`, i, entry)
	}
	b.WriteString("}}")
	return b.String()
}
