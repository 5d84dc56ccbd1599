package cli

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/bucket"
	"github.com/renpy-cloud/renpyctl/internal/functions"
	"github.com/renpy-cloud/renpyctl/internal/iam"
	"github.com/renpy-cloud/renpyctl/internal/local"
	"github.com/renpy-cloud/renpyctl/internal/players"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/support"
	"github.com/renpy-cloud/renpyctl/internal/teardown"
)

// printed are the types behind the definitions of docs/output.schema.json.
var printed = map[string]any{
	"info": info{}, "keptPlan": stack.ChangeSet{}, "stack": stackInfo{}, "endpoint": endpointInfo{}, "function": stage.Running{},
	"plan": planView{}, "change": changeView{}, "code": codeChange{}, "property": property{}, "parameter": parameterChange{},
	"drift": []stage.Drifted{}, "changedFunction": stage.Drifted{}, "difference": functions.Difference{},
	"releases": []stage.Listed{}, "release": stage.Listed{}, "outcome": release.Outcome{}, "prune": pruneView{},
	"remains": release.Remains{}, "backup": teardown.Backup{}, "remove": totals{}, "saves": bucket.Stats{}, "users": []listed{}, "listedUser": listed{}, "user": players.Player{},
	"disabledUser": disabled{}, "player": playerView{}, "game": support.Game{}, "ban": support.Ban{}, "deed": support.Deed{}, "bannedUser": banned{}, "forgotten": forgotten{}, "takeout": takenOut{}, "import": players.Counts{},
	"smoke": smokeView{}, "smokeStep": smokeStep{},
	"files": []fileView{}, "file": fileView{}, "keptVersion": versionView{}, "inside": insideView{},
	"restore": restoreView{}, "restoredFile": changeFile{},
	"delivery": deliveryView{}, "deliveredFile": deliveredFile{}, "finding": findingView{},
	"upload": uploadView{}, "uploadedFile": uploadedFile{}, "move": moveView{}, "movedFile": movedFile{},
	"logLine": logEntry{}, "logRequest": logRequest{}, "config": renpyConfig{}, "local": local.Status{}, "version": versionInfo{}, "installedCompletion": installedCompletion{}, "zip": zipInfo{},
	"alarms": alarmsView{}, "alarm": alarmView{}, "receiver": receiverView{}, "status": statusView{}, "stages": []stageView{}, "listedStage": stageView{}, "doctor": doctorView{}, "check": checkView{}, "launch": launchView{}, "quota": quotaView{},
	"metrics": metricsView{}, "metric": metricView{}, "point": pointView{}, "releaseMark": releaseMark{}, "coldStarts": coldStarts{}, "errorKind": errorKind{}, "missing": missingView{},
	"cost": costView{}, "planned": planned{}, "costLine": costLine{}, "billed": billedView{}, "billedService": billedService{},
	"policy": iam.Document{}, "statement": iam.Statement{},
}

// schema is the part of JSON Schema that the document uses.
type schema struct {
	Ref         string            `json:"$ref"`
	Type        any               `json:"type"` // a name, or a list of them
	Format      string            `json:"format"`
	Description string            `json:"description"`
	Properties  map[string]schema `json:"properties"`
	Required    []string          `json:"required"`
	Items       *schema           `json:"items"`
	PrintedBy   []string          `json:"x-printed-by"`
}

func outputSchema(t *testing.T) map[string]schema {
	t.Helper()
	text, err := os.ReadFile("../../docs/output.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Defs map[string]schema `json:"$defs"`
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	return document.Defs
}

// Each definition says of its type what encoding/json makes of it: every field,
// whether it may be absent, and its kind.
func TestSchemaIsWhatIsPrinted(t *testing.T) {
	defs := outputSchema(t)
	for name := range defs {
		if printed[name] == nil {
			t.Errorf("%s: no type is known for it", name)
		}
	}
	for name, value := range printed {
		def, ok := defs[name]
		if !ok {
			t.Errorf("%s: there is no definition", name)
			continue
		}
		compareSchema(t, name, def, reflect.TypeOf(value))
	}
}

func compareSchema(t *testing.T, where string, s schema, typ reflect.Type) {
	t.Helper()
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if s.Ref != "" {
		if want := reflect.TypeOf(printed[strings.TrimPrefix(s.Ref, "#/$defs/")]); want != typ && typ != reflect.TypeFor[json.RawMessage]() {
			t.Errorf("%s: refers to %s, which is %v and not %v", where, s.Ref, want, typ)
		}
		return
	}
	if s.Description == "" {
		t.Errorf("%s: no description", where)
	}
	kind, _ := s.Type.(string)
	switch {
	case typ == reflect.TypeFor[time.Time]():
		if kind != "string" || s.Format != "date-time" {
			t.Errorf("%s: a time is %v %q", where, s.Type, s.Format)
		}
	case typ == reflect.TypeFor[json.RawMessage](): // what Lambda ran, as it was written down
		if kind != "array" || s.Items.Ref != "#/$defs/function" {
			t.Errorf("%s: functions are %v", where, s.Type)
		}
	case typ.Kind() == reflect.Slice:
		if kind != "array" || s.Items == nil {
			t.Errorf("%s: a list is %v", where, s.Type)
			return
		}
		if s.Items.Description == "" {
			s.Items.Description = s.Description
		}
		compareSchema(t, where+"[]", *s.Items, typ.Elem())
	case typ.Kind() == reflect.Struct:
		compareFields(t, where, s, typ)
	default:
		want := map[reflect.Kind]string{
			reflect.String: "string", reflect.Bool: "boolean", reflect.Int: "integer", reflect.Int32: "integer", reflect.Int64: "integer", reflect.Float64: "number",
		}[typ.Kind()]
		nullable, _ := s.Type.([]any)
		if isMap := typ.Kind() == reflect.Map; isMap && kind != "object" && !slices.Equal(nullable, []any{"object", "null"}) || !isMap && kind != want {
			t.Errorf("%s: %v is %v", where, typ, s.Type)
		}
	}
}

func compareFields(t *testing.T, where string, s schema, typ reflect.Type) {
	t.Helper()
	var names, required []string
	for _, field := range reflect.VisibleFields(typ) {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Anonymous || !field.IsExported() {
			continue
		}
		if name == "" {
			name = field.Name
		}
		names = append(names, name)
		if !strings.Contains(options, "omit") {
			required = append(required, name)
		}
		property, ok := s.Properties[name]
		if !ok {
			t.Errorf("%s.%s is not in the schema", where, name)
			continue
		}
		compareSchema(t, where+"."+name, property, field.Type)
	}
	for name := range s.Properties {
		if !slices.Contains(names, name) {
			t.Errorf("%s.%s is in the schema only", where, name)
		}
	}
	slices.Sort(required)
	slices.Sort(s.Required)
	if !slices.Equal(required, s.Required) {
		t.Errorf("%s: always there are %q, and the schema says %q", where, required, s.Required)
	}
}

// Every command that prints something of its own stands at one definition.
func TestSchemaNamesEveryCommand(t *testing.T) {
	by := map[string]string{}
	for name, def := range outputSchema(t) {
		for _, command := range def.PrintedBy {
			if by[command] != "" {
				t.Errorf("%s stands at %s and %s", command, by[command], name)
			}
			by[command] = name
		}
	}
	// MiniStack's own log, texts, and scripts for shells are no JSON.
	raw := []string{"demo", "local logs", "help", "completion bash", "completion zsh", "completion fish", "completion powershell"}
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		name := strings.TrimPrefix(cmd.CommandPath(), "renpyctl ")
		groups := cmd.HasSubCommands() && name != "deploy" // they print their help
		if !groups && !cmd.Hidden && cmd.Runnable() && !slices.Contains(raw, name) && by[name] == "" {
			t.Errorf("%s stands nowhere", name)
		}
		delete(by, name)
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(newRoot(&app{env: Env{Getenv: func(string) string { return "" }}}))
	for command, name := range by {
		t.Errorf("%s: there is no command %q", name, command)
	}
}

// What the commands print is of the form that the schema names for them.
func TestCommandsPrintTheirForm(t *testing.T) {
	decodes := func(t *testing.T, a *awsAccount, form string, args ...string) {
		t.Helper()
		o := a.run(append(args, "--output", "json")...)
		decoder := json.NewDecoder(strings.NewReader(o.stdout))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(reflect.New(reflect.TypeOf(printed[form])).Interface()); err != nil || decoder.More() {
			t.Errorf("%q (exit code %d): %v\n%s%s", args, o.code, err, o.stdout, o.stderr)
		}
	}
	story(t, "of a stage", newAccount, func(t *testing.T, a *awsAccount) {
		decodes(t, a, "plan", "plan")
		decodes(t, a, "info", "deploy", "--yes")
		decodes(t, a, "info", "deploy", "--yes")
		decodes(t, a, "info", change...)
		decodes(t, a, "info", "deploy", "--watch")
		decodes(t, a, "info", "recover")
		decodes(t, a, "info", "info")
		decodes(t, a, "plan", "plan", "--set", "GameIds=x")
		decodes(t, a, "doctor", "doctor", "--launch")
		decodes(t, a, "status", "status")
		decodes(t, a, "alarms", "alarms")
		decodes(t, a, "stages", "stages")
		decodes(t, a, "drift", "drift")
		a.Functions[awsaccount.Physical(cfn.SyncPlanFunction)].Memory = 1024
		decodes(t, a, "drift", "drift")
		decodes(t, a, "function", "deploy", "function", "syncPlan", "--yes")
		decodes(t, a, "info", "rollback", "--yes")
		decodes(t, a, "releases", "releases")
		decodes(t, a, "prune", "prune", "--dry-run")
		decodes(t, a, "config", "config", "renpy", "--game-id", "my_game")
		decodes(t, a, "remove", "remove", "--yes")
	})
	story(t, "of a stack that goes", underReview, func(t *testing.T, a *awsAccount) {
		decodes(t, a, "info", "recover", "--yes")
	})
	story(t, "without AWS", newAccount, func(t *testing.T, a *awsAccount) {
		decodes(t, a, "version", "version")
		for _, policy := range []string{"caller", "execution", "boundary", "support", "smoke"} {
			decodes(t, a, "policy", "policy", policy)
		}
		decodes(t, a, "policy", "policy", "github", "--account", "123456789012", "--repo", "me/game", "--environment", "prod")
	})
}
