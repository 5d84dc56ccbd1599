package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/ui"
	"github.com/renpy-cloud/renpyctl/lambda"
)

// releaseVersion and releaseCommit are set by the linker when a release or `make` builds the program.
var releaseVersion, releaseCommit string

// versionInfo is the JSON of `version`.
type versionInfo struct {
	Version  string    `json:"version"`
	Commit   string    `json:"commit"`
	Go       string    `json:"go"`
	Platform string    `json:"platform"`
	Template string    `json:"template"` // SHA-256 in hex
	Zips     []zipInfo `json:"zips"`     // empty in a program built without them
}

type zipInfo struct {
	Function     string `json:"function"`
	Architecture string `json:"architecture"`
	SHA256       string `json:"sha256"`
	Bytes        int64  `json:"bytes"`
}

// version reads what is known without hashing the zips.
func version() versionInfo {
	v := versionInfo{
		Version: releaseVersion, Commit: releaseCommit, Go: runtime.Version(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	build, ok := debug.ReadBuildInfo()
	if v.Version == "" {
		v.Version = "dev"
		if ok && build.Main.Version != "" && build.Main.Version != "(devel)" {
			v.Version = build.Main.Version // go install module@version
		}
	}
	if v.Commit == "" && ok {
		for _, s := range build.Settings {
			if s.Key == "vcs.revision" {
				v.Commit = s.Value
			}
		}
	}
	return v
}

func newVersion(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version, and the hashes of what this program carries",
		Example: "  renpyctl version -o json",
		Args:    noArgs,
		RunE:    func(*cobra.Command, []string) error { return a.printVersion() },
	}
}

func (a *app) printVersion() error {
	v := version()
	v.Template = cfn.TemplateSHA256()
	v.Zips = []zipInfo{}
	for _, p := range lambda.Packages() {
		v.Zips = append(v.Zips, zipInfo{p.Function.Name, string(p.Arch), p.SHA256, p.Bytes})
	}
	if a.json() {
		return a.printJSON(v)
	}
	var fields ui.Fields
	fields.Add("renpyctl", ui.Text(v.Version))
	fields.Add("commit", ui.Text(v.Commit))
	fields.Add("go", ui.Text(v.Go), ui.Text(v.Platform))
	fields.Add("template", ui.Text(v.Template))
	for _, z := range v.Zips {
		fields.Add(z.Function, ui.Value{Shown: fmt.Sprintf("%-6s", z.Architecture), Raw: z.Architecture}, hash(z.SHA256), ui.Size(z.Bytes))
	}
	if err := a.printValues(fields); err != nil {
		return err
	}
	if len(v.Zips) == 0 {
		a.hint("%v: it cannot deploy; run make in a checkout, or use a released binary", lambda.ErrNotBuilt)
	}
	return nil
}
