package archtest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/renpy-cloud/renpyctl"

// role is what a package is in the program.
type role string

// The roles, from the outside in.
const (
	entry   role = "the program's entry"
	command role = "the command line"
	words   role = "the words and pictures for people"
	aws     role = "the way to AWS"
	domain  role = "one domain"
	engine  role = "what joins domains"
	asset   role = "what the program carries"
	serving role = "the functions that players call"
	store   role = "a store of the sync protocol"
	proto   role = "the sync protocol"
	tool    role = "a tool of the build"
	trial   role = "for tests only"
)

// roles names the role of every package; a folder stands for what is below it.
// A new package has to say here what it is.
var roles = map[string]role{
	"cmd/renpyctl":                entry,
	"internal/heap":               entry,
	"internal/cli":                command,
	"internal/ui":                 words,
	"internal/report":             words,
	"internal/when":               words,
	"internal/cloud":              aws,
	"internal/alarms":             domain,
	"internal/bucket":             domain,
	"internal/cost":               domain,
	"internal/functions":          domain,
	"internal/grants":             domain,
	"internal/gameclient":         domain,
	"internal/iam":                domain,
	"internal/local":              domain,
	"internal/logs":               domain,
	"internal/mail":               domain,
	"internal/metrics":            domain,
	"internal/players":            domain,
	"internal/presence":           domain,
	"internal/release":            domain,
	"internal/saves":              domain,
	"internal/stack":              domain,
	"internal/smoke":              engine,
	"internal/stage":              engine,
	"internal/support":            engine,
	"internal/health":             engine,
	"internal/deploy":             engine,
	"internal/teardown":           engine,
	"cfn":                         asset,
	"lambda":                      asset,
	"lambda/api":                  serving,
	"lambda/syncplan":             serving,
	"lambda/synccomplete":         serving,
	"internal/savesync":           proto,
	"internal/savesync/awsstore":  store,
	"internal/savesync/memstore":  trial,
	"internal/savesync/storetest": trial,
	"internal/lambdazip":          tool,
	"internal/archtest":           trial,
	"internal/awsaccount":         trial,
	"internal/awsfake":            trial,
	"internal/debianrenpy":        trial,
	"internal/chromium":           trial,
	"bench":                       trial,
	"tools/action":                trial,
	"tools/reference":             trial,
}

// direction says which roles each role may import, and why no others.
var direction = map[role]struct {
	may []role
	why string
}{
	entry:   {[]role{entry, command}, "main only starts the command line"},
	command: {[]role{words, aws, domain, engine, asset, serving, proto}, "commands put the parts together; what they do not know stays replaceable"},
	words:   {nil, "words and pictures serve any command, and know no AWS"},
	aws:     {nil, "the way to AWS is the same for every domain"},
	domain:  {[]role{aws}, "a domain is understood and tested alone: it knows no other, and nothing of the command line"},
	engine:  {[]role{aws, domain, engine, asset, proto, store}, "the engine does what commands ask for, whoever asks: it says what happens, and others show it"},
	asset:   {nil, "what the program carries is data"},
	serving: {[]role{proto, store, serving}, "the functions are small and start fast: nothing of the program is in them"},
	store:   {[]role{proto}, "a store only keeps what the protocol tells it"},
	proto:   {nil, "the protocol is pure: its stores stand behind interfaces"},
	tool:    {[]role{asset, tool, proto, store, serving}, "the build knows what it builds, not the program that carries it"},
}

// engines are the engine's packages, each of which may import those after it.
var engines = []string{"internal/deploy", "internal/teardown", "internal/smoke", "internal/support", "internal/health", "internal/stage"}

// inOrder tells whether an engine package may import another.
func inOrder(importer, imported string) bool {
	i, j := slices.Index(engines, importer), slices.Index(engines, imported)
	return i >= 0 && i < j
}

// forbidden are dependencies of others, direct or not, that a role must not have.
var forbidden = []struct {
	who    []role
	prefix string
	why    string
}{
	{[]role{words, aws, domain, engine, asset, serving, store, proto, tool}, "github.com/spf13/", "only the command line knows flags and arguments"},
	{[]role{aws, domain, engine, asset, serving, store, proto}, "charm.land/", "only the words and pictures know how a terminal looks"},
	{[]role{aws, domain, engine, asset, serving, store, proto}, "github.com/charmbracelet/", "only the words and pictures know how a terminal looks"},
	{[]role{words, asset, proto}, "github.com/aws/", "they know no AWS"},
	{[]role{serving}, "github.com/aws/aws-sdk-go-v2/config", "finding credentials in files and SSO is not for a function: it costs 0.5 MB and a millisecond of each start"},
	{[]role{entry, command, words, aws, domain, engine, asset, serving, store, proto}, "testing", "tests stay out of the program"},
	{[]role{entry, command, words, aws, domain, engine, asset, serving, store, proto}, "github.com/rogpeppe/", "tests stay out of the program"},
	{[]role{entry, command, words, aws, domain, engine, asset, serving, store, proto}, "pgregory.net/", "tests stay out of the program"},
	{[]role{entry, command, words, aws, domain, engine, asset, serving, store, proto}, "go.yaml.in/", "the template is carried, not read: a YAML library is for tests"},
	{[]role{entry}, "github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas", eagerTables},
	{[]role{entry}, "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/schemas", eagerTables},
	{[]role{entry}, "github.com/aws/aws-sdk-go-v2/service/dynamodb/schemas", eagerTables},
	{[]role{entry}, "github.com/aws/aws-sdk-go-v2/service/lambda/schemas", eagerTables},
	{[]role{entry}, "github.com/aws/aws-sdk-go-v2/service/sesv2/schemas", eagerTables},
	{[]role{entry}, "github.com/aws/aws-sdk-go-v2/service/sns/schemas", eagerTables},
}

// eagerTables is why go.mod holds six services of the SDK at the last versions
// before August or September 2026: later ones describe every operation in tables that are
// made before main begins.
const eagerTables = "its tables take 0.8 ms of every start, `renpyctl --version` too (GODEBUG=inittrace=1): see go.mod for the last versions without"

// pkg is what `go list` tells of a package.
type pkg struct {
	ImportPath, Name, Dir string
	Imports, Deps         []string
	GoFiles               []string
}

func (p pkg) path() string { return strings.TrimPrefix(p.ImportPath, module+"/") }

// roleOf is the role of the longest folder that the package is in.
func roleOf(path string) (role, bool) {
	for p := path; p != "."; p = filepath.Dir(p) {
		if r, ok := roles[p]; ok {
			return r, true
		}
	}
	return "", false
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Name,Dir,Imports,Deps,GoFiles", module+"/...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	var list []pkg
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(p.ImportPath, module+"/") {
			list = append(list, p)
		}
	}
	if len(list) < 10 {
		t.Fatalf("go list found %d packages", len(list))
	}
	return list
}

// A role is of a package that there is.
func TestRolesAreTaken(t *testing.T) {
	list := packages(t)
	for path := range roles {
		if !slices.ContainsFunc(list, func(p pkg) bool { return p.path() == path || strings.HasPrefix(p.path(), path+"/") }) {
			t.Errorf("%s has a role, and no package", path)
		}
	}
}

func TestDirection(t *testing.T) {
	for _, p := range packages(t) {
		r, ok := roleOf(p.path())
		if !ok {
			t.Errorf("%s has no role: say in archtest what it is", p.path())
			continue
		}
		rule, limited := direction[r]
		for _, in := range p.Imports {
			if in == "text/template" || in == "html/template" {
				t.Errorf("%s imports %s, which finds methods by name: the program grows by every method of the AWS SDK, two thirds again", p.path(), in)
			}
			path, ours := strings.CutPrefix(in, module+"/")
			if !ours || !limited {
				continue
			}
			other, _ := roleOf(path)
			if !slices.Contains(rule.may, other) {
				t.Errorf("%s (%s) imports %s (%s): %s", p.path(), r, path, other, rule.why)
			}
			if r == engine && other == engine && !inOrder(p.path(), path) {
				t.Errorf("%s imports %s: the engine's packages import each other in the order %v only", p.path(), path, engines)
			}
		}
		for _, f := range forbidden {
			if !slices.Contains(f.who, r) {
				continue
			}
			for _, dep := range p.Deps {
				if dep == f.prefix || strings.HasPrefix(dep, f.prefix) && strings.HasSuffix(f.prefix, "/") {
					t.Errorf("%s (%s) depends on %s: %s", p.path(), r, dep, f.why)
					break
				}
			}
		}
		if slices.Contains([]string{"util", "utils", "common", "helpers", "misc"}, p.Name) {
			t.Errorf("%s: a package is named for what it does", p.path())
		}
	}
}

// commandOnly are what only the command line may use, by import path and name. Of
// log/slog the values are for anybody; who writes them is not.
var commandOnly = map[string]string{
	"fmt.Print": "prints", "fmt.Printf": "prints", "fmt.Println": "prints",
	"os.Stdin": "reads standard input", "os.Stdout": "prints", "os.Stderr": "prints", "os.Args": "reads the command line",
	"os.Getenv": "reads the environment", "os.LookupEnv": "reads the environment", "os.Environ": "reads the environment",
	"os.ExpandEnv": "reads the environment", "os.UserHomeDir": "reads the environment",
	"os.UserConfigDir": "reads the environment", "os.UserCacheDir": "reads the environment",
	"os.Exit": "ends the program", "log.*": "prints",
	"log/slog.Default": "prints", "log/slog.SetDefault": "prints", "log/slog.Log": "prints", "log/slog.LogAttrs": "prints",
	"log/slog.Debug": "prints", "log/slog.DebugContext": "prints", "log/slog.Info": "prints", "log/slog.InfoContext": "prints",
	"log/slog.Warn": "prints", "log/slog.WarnContext": "prints", "log/slog.Error": "prints", "log/slog.ErrorContext": "prints",
	"log/slog.With": "prints",
}

// importsOf are the import paths of a file by the names that it has for them.
func importsOf(file *ast.File) map[string]string {
	imports := map[string]string{}
	for _, in := range file.Imports {
		path := strings.Trim(in.Path.Value, `"`)
		name := path[strings.LastIndexByte(path, '/')+1:]
		if in.Name != nil {
			name = in.Name.Name
		}
		imports[name] = path
	}
	return imports
}

// Engine and domain packages return data and errors. And nobody works before main
// does, but internal/heap, which says why.
func TestSources(t *testing.T) {
	for _, p := range packages(t) {
		r, _ := roleOf(p.path())
		for _, name := range p.GoFiles {
			files := token.NewFileSet()
			file, err := parser.ParseFile(files, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			imports := importsOf(file)
			at := func(n ast.Node) string { return fmt.Sprintf("%s/%s:%d", p.path(), name, files.Position(n.Pos()).Line) }
			for n := range ast.Preorder(file) {
				switch n := n.(type) {
				case *ast.FuncDecl:
					if n.Name.Name == "init" && n.Recv == nil && p.path() != "internal/heap" {
						t.Errorf("%s: an init function works before main does", at(n))
					}
				case *ast.SelectorExpr:
					x, ok := n.X.(*ast.Ident)
					if !ok || !slices.Contains([]role{aws, domain, engine, proto, store}, r) {
						continue
					}
					path := imports[x.Name]
					if what := cmp.Or(commandOnly[path+"."+n.Sel.Name], commandOnly[path+".*"]); what != "" {
						t.Errorf("%s: %s.%s %s, which only the command line may", at(n), path, n.Sel.Name, what)
					}
				}
			}
		}
	}
}
