package cli

import (
	"strings"

	"github.com/spf13/pflag"

	"github.com/renpy-cloud/renpyctl/internal/local"
)

// globalFlags are the flags that every command has.
type globalFlags struct {
	stage     string
	region    string
	profile   string
	local     bool
	localPort int
	output    string
	noColor   bool
	debug     bool
	yes       bool

	// misread are the variables whose values are none of their flags', by the flags' names.
	misread map[string]error
}

// define adds the flags, each with the variable that stands for it where it is
// not given, as a flag's help says.
func (g *globalFlags) define(f *pflag.FlagSet, getenv func(string) string) {
	f.StringVar(&g.stage, "stage", "dev", "stage to work on: dev, prod, …")
	f.StringVar(&g.region, "region", "", "AWS region (default: AWS_REGION or the profile's)")
	f.StringVar(&g.profile, "profile", "", "profile of the AWS configuration (default: AWS_PROFILE)")
	f.BoolVar(&g.local, "local", false, "work on the local cloud on this computer, started when needed")
	f.IntVar(&g.localPort, "local-port", local.DefaultPort, "port of the local cloud")
	f.StringVarP(&g.output, "output", "o", "", "print "+strings.Join(formats, ", ")+" (default: table on a terminal, tsv in a pipe)")
	f.BoolVar(&g.noColor, "no-color", false, "print without colours")
	f.BoolVar(&g.debug, "debug", false, "print every call to AWS")
	f.BoolVarP(&g.yes, "yes", "y", false, "answer yes to questions")
	g.misread = map[string]error{}
	f.VisitAll(func(flag *pflag.Flag) {
		flag.Usage += " [" + variable(flag.Name) + "]"
		value := getenv(variable(flag.Name))
		if value == "" {
			return
		}
		if err := flag.Value.Set(value); err != nil {
			g.misread[flag.Name] = usagef("%s=%q %s", variable(flag.Name), value, notOf(flag))
		}
	})
}

// variable is the environment variable of a global flag.
func variable(flag string) string {
	return "RENPYCTL_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// notOf says of a value what it would have to be for a flag.
func notOf(flag *pflag.Flag) string {
	switch flag.Value.Type() {
	case "bool":
		return "is neither true nor false"
	case "int", "int64":
		return "is no whole number"
	case "float64":
		return "is no number"
	}
	return "is no " + flag.Value.Type()
}

// check tells what is wrong with flags and variables. A flag that is given hides its variable.
func (g *globalFlags) check(f *pflag.FlagSet) (err error) {
	f.VisitAll(func(flag *pflag.Flag) {
		if misread := g.misread[flag.Name]; misread != nil && !flag.Changed && err == nil {
			err = misread
		}
	})
	return err
}

// origin is what a global flag has its value from: "--stage", or "RENPYCTL_STAGE".
func origin(f *pflag.FlagSet, name string) string {
	if flag := f.Lookup(name); flag != nil && !flag.Changed && flag.Value.String() != flag.DefValue {
		return variable(name)
	}
	return "--" + name
}
