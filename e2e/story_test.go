//go:build e2e && (linux || darwin)

package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/renpy-cloud/renpyctl/internal/gameclient"
)

// TestTheWholeWay is what README promises, once from end to end: deploy, play,
// look, deploy again, remove. It is not parallel, and so it is alone in the
// public account, where nothing may be left in the end.
func TestTheWholeWay(t *testing.T) {
	before := clients(publicAccount).inventory(t)
	s := deploy(t, "whole-way")

	t.Run("info", func(t *testing.T) { infoTells(t, s) })
	var p *player
	t.Run("sign up", func(t *testing.T) { p = signUp(t, s) })
	if p == nil {
		t.FailNow()
	}
	t.Run("sync", func(t *testing.T) { syncFromDeviceToDevice(t, s, p) })
	t.Run("logs", func(t *testing.T) { logsTell(t, s, p) })
	t.Run("deploy again", func(t *testing.T) { deployAgain(t, s) })
	t.Run("remove", func(t *testing.T) { removeAfterPlay(t, s) })

	if after := clients(publicAccount).inventory(t); !slices.Equal(before, after) {
		t.Errorf("before the deploy there was %q, after the removal there is %q", before, after)
	}
	s.run(t, "info").exits(t, 3)
	s.run(t, "remove", "--yes").exits(t, 3)
}

// infoTells holds the shapes that scripts read.
func infoTells(t *testing.T, s *stage) {
	in := s.info
	if in.Service != "renpy-cloud" || in.Stage != s.name || in.Region != "us-east-1" || in.Account != "000000000000" {
		t.Errorf("info names %s %s %s %s", in.Service, in.Stage, in.Region, in.Account)
	}
	if in.Stack.Name != "renpy-cloud-"+s.name || in.Stack.Status != "CREATE_COMPLETE" || time.Since(in.Stack.Created) > time.Hour {
		t.Errorf("info says of the stack %+v", in.Stack)
	}
	if len(in.Endpoints) != 2 || in.Endpoints[0].URL != in.Outputs.ApiEndpoint+"/sync/plan" || in.Endpoints[1].URL != in.Outputs.ApiEndpoint+"/sync/complete" {
		t.Errorf("info gives the endpoints %v", in.Endpoints)
	}
	for i, name := range []string{"syncPlan", "syncComplete"} {
		f := in.Functions[i]
		if f.Name != name || f.Function != in.Stack.Name+"-"+name || f.Architecture != hostArch() || f.CodeSha256 == "" || f.CodeSize == 0 {
			t.Errorf("info says of %s %+v", name, f)
		}
	}
	want := gameclient.Config{
		APIBaseURL: in.Outputs.ApiEndpoint, GameID: "my_game", Region: "us-east-1",
		UserPoolID: in.Outputs.CognitoUserPoolId, ClientID: in.Outputs.CognitoAppClientId, CognitoEndpoint: endpoint,
	}
	if s.game != want {
		t.Errorf("config renpy gives %+v, want %+v", s.game, want)
	}
	if in.Outputs.Region != "us-east-1" || in.Outputs.ManifestTableName == "" || in.Outputs.SaveFilesBucketName == "" {
		t.Errorf("info gives the outputs %+v", in.Outputs)
	}
}

// signUp: nobody plays before an operator has confirmed them.
func signUp(t *testing.T, s *stage) *player {
	p := &player{email: "ann@example.com"}
	c := s.client()
	if err := c.SignUp(t.Context(), p.email, "short"); code(err) != "InvalidPasswordException" {
		t.Errorf("a short password: %v", err)
	}
	if err := c.SignUp(t.Context(), p.email, password); err != nil {
		t.Fatal(err)
	}
	if err := c.SignUp(t.Context(), p.email, password); code(err) != "UsernameExistsException" {
		t.Errorf("the same address again: %v", err)
	}
	if _, err := c.SignIn(t.Context(), p.email, password); code(err) != "UserNotConfirmedException" {
		t.Errorf("sign in before the confirmation: %v", err)
	}
	p.listed(t, s, "UNCONFIRMED")
	s.run(t, "users", "confirm", "nobody@example.com").exits(t, 3)
	for range 2 { // it may be said twice
		s.run(t, "users", "confirm", p.email).exits(t, 0)
	}
	p.listed(t, s, "CONFIRMED")
	if _, err := c.SignIn(t.Context(), p.email, "Wrong-Horse-7"); code(err) != "NotAuthorizedException" {
		t.Errorf("sign in with a wrong password: %v", err)
	}
	p.signIn(t, s)
	return p
}

// code is Cognito's name for an error, "" for none.
func code(err error) string {
	if e, ok := err.(*gameclient.Error); ok {
		return e.Code
	}
	return ""
}

func (p *player) listed(t *testing.T, s *stage, status string) {
	t.Helper()
	var list []struct {
		Sub, Email, Status string
		Enabled            bool
		Created            time.Time
	}
	s.run(t, "users", "list", "--output", "json").exits(t, 0).json(t, &list)
	if len(list) != 1 || list[0].Email != p.email || list[0].Status != status || !list[0].Enabled || list[0].Sub == "" {
		t.Errorf("users list: %+v, want %s to be %s", list, p.email, status)
	}
	if r := s.run(t, "users", "list").exits(t, 0); !strings.Contains(r.out, p.email+"\t"+strings.ToLower(status)+"\t") {
		t.Errorf("users list in a pipe:\n%s", r.out)
	}
}

// syncFromDeviceToDevice is what it is all for.
func syncFromDeviceToDevice(t *testing.T, s *stage, p *player) {
	// An instant that a float of Python's cannot name exactly: the digits must survive.
	saved := time.Unix(1732345678, 123456700)
	progress := map[string]string{
		"persistent":   "persistent\x00\xff\n" + strings.Repeat("seen ", 5000),
		"1-1-LT1.save": strings.Repeat("\x00\x01\xfe save", 150_000), // so large that it is sent last
		"1-2-LT1.save": "P",
	}
	a := p.device(t, saved, progress)
	a.sync(t, "persistent 1-2-LT1.save 1-1-LT1.save", "")
	a.sync(t, "", "")
	item := recordOf(t, s, p)
	for name, digits := range map[string]string{"modified_timestamp": "1732345678.1234567", "size": fmt.Sprint(len(form("1-1-LT1.save", progress["1-1-LT1.save"])))} {
		if !strings.Contains(item, digits) {
			t.Errorf("the table does not have the %s in the digits sent, %s: %s", name, digits, item)
		}
	}

	// It has no save yet, so its persistent is of a game just begun. It is kept, and replaced.
	b := p.device(t, saved.Add(-time.Hour), map[string]string{"persistent": "a new game"})
	b.sync(t, "persistent", "1-1-LT1.save 1-2-LT1.save persistent")
	b.holds(t, progress)
	b.sync(t, "", "")

	// Played on there, and back.
	later := time.Now()
	b.save(t, later, "1-1-LT1.save", "chapter two")
	b.save(t, later, "persistent", "seen more")
	b.sync(t, "persistent 1-1-LT1.save", "")
	a.sync(t, "", "1-1-LT1.save persistent")
	a.holds(t, map[string]string{"persistent": "seen more", "1-1-LT1.save": "chapter two", "1-2-LT1.save": "P"})
	a.sync(t, "", "")
	b.sync(t, "", "")
}

// recordOf is all text and all numbers that the table has about a player.
func recordOf(t *testing.T, s *stage, p *player) string {
	t.Helper()
	out, err := clients(publicAccount).dynamodb.Query(t.Context(), &dynamodb.QueryInput{
		TableName: &s.info.Outputs.ManifestTableName, KeyConditionExpression: new("user_id = :sub"),
		ExpressionAttributeValues: map[string]ddb.AttributeValue{":sub": &ddb.AttributeValueMemberS{Value: p.sub}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, item := range out.Items {
		flatten(&text, &ddb.AttributeValueMemberM{Value: item})
	}
	return text.String()
}

func flatten(text *strings.Builder, v ddb.AttributeValue) {
	switch v := v.(type) {
	case *ddb.AttributeValueMemberS:
		fmt.Fprintln(text, v.Value)
	case *ddb.AttributeValueMemberN:
		fmt.Fprintln(text, v.Value)
	case *ddb.AttributeValueMemberM:
		for name, v := range v.Value {
			fmt.Fprintln(text, name)
			flatten(text, v)
		}
	case *ddb.AttributeValueMemberL:
		for _, v := range v.Value {
			flatten(text, v)
		}
	}
}

// logsTell: an operator sees the requests, and nothing with which one could act as a player.
func logsTell(t *testing.T, s *stage, p *player) {
	type line struct {
		Time                      time.Time
		Function, Stream, Message string
	}
	r := s.run(t, "logs", "--since", "10m", "--output", "json").exits(t, 0)
	requests := map[string]int{}
	for text := range strings.Lines(r.out) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("%v in the line %s", err, text)
		}
		if time.Since(l.Time) > 10*time.Minute || l.Stream == "" {
			t.Errorf("the line %s", text)
		}
		var fields map[string]any
		if json.Unmarshal([]byte(l.Message), &fields) == nil && fields["request_id"] != nil {
			requests[l.Function]++
		}
	}
	// Both devices planned eight times, and completed the four plans that had something to do.
	if requests["syncPlan"] < 8 || requests["syncComplete"] < 4 {
		t.Errorf("the logs show %v requests:\n%s", requests, r.out)
	}
	secrets := []string{"X-Amz-Signature", "X-Amz-Credential", "Bearer", "eyJ", p.token(t), s.idToken(t, p), password, p.email, "chapter two"}
	for _, secret := range secrets {
		if strings.Contains(r.out, secret) {
			t.Errorf("the logs hold %.20q", secret)
		}
	}
	if one := s.run(t, "logs", "syncComplete").exits(t, 0); strings.Contains(one.out, "syncPlan ") || one.out == "" {
		t.Errorf("the logs of syncComplete:\n%s", one.out)
	}
	s.run(t, "logs", "syncNothing").exits(t, 2)
}

func deployAgain(t *testing.T, s *stage) {
	r := s.upToDate(t)
	if !strings.Contains(r.out, "API\t"+s.info.Outputs.ApiEndpoint+"\n") {
		t.Errorf("it prints\n%s", r.out)
	}
	var again info
	s.run(t, "info", "--output", "json").exits(t, 0).json(t, &again)
	if !again.Stack.Updated.Equal(s.info.Stack.Updated) {
		t.Error("the stack was touched")
	}
	// A change of a setting is one, and leaves the rest.
	s.run(t, "deploy", "--yes", "--set", "LogRetentionDays=7").exits(t, 0)
	s.upToDate(t)
	s.run(t, "info", "--output", "json").exits(t, 0).json(t, &again)
	if again.Outputs != s.info.Outputs {
		t.Errorf("a change of a setting changed the outputs to %+v", again.Outputs)
	}
}

// removeAfterPlay removes by the recorder, so that it is known what was deleted by whom.
func removeAfterPlay(t *testing.T, s *stage) {
	bucket := s.info.Outputs.SaveFilesBucketName
	versions := clients(publicAccount).versions(t, bucket)
	if len(versions) < 5 { // three files, two of them twice
		t.Fatalf("the bucket has %d versions", len(versions))
	}
	rec := record(t, nil)
	byEndpoint := throughEndpoint(rec.URL, publicAccount)
	byEndpoint.run(t, "remove", "--stage", s.name).exits(t, 2)
	r := byEndpoint.run(t, "remove", "--stage", s.name, "--yes", "--output", "json").exits(t, 0)
	var counts removed
	r.json(t, &counts)
	if counts.Stage != s.name || counts.Players != 1 || counts.Saves.Versions != len(versions) || counts.Saves.Bytes == 0 || counts.Kept {
		t.Errorf("it counted %+v, with %d versions", counts, len(versions))
	}
	rec.emptiedBefore(t, bucket, versions, "DeleteStack")
}

// removed is the JSON of `remove`.
type removed struct {
	Stage   string
	Players int
	Saves   struct{ Files, Versions, Bytes int }
	Kept    bool
}
