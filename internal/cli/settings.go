package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/ui"
	"github.com/renpy-cloud/renpyctl/internal/when"
)

// settingsHelp lists the settings with what they may be.
func settingsHelp() string {
	var rows [][2]string
	for _, s := range cfn.Settings() {
		text := s.Help
		if values := admits(s); values != "" {
			text += ": " + values
		}
		rows = append(rows, [2]string{s.Name, text + " (default " + cmp.Or(s.Default, "empty") + ")"})
	}
	return columns(rows)
}

// admits are the values that a setting may have, "" for texts.
func admits(s cfn.Setting) string {
	switch {
	case len(s.Allowed) > 0:
		return strings.Join(s.Allowed, ", ")
	case s.Max > 0:
		return fmt.Sprintf("%d to %d", s.Min, s.Max)
	}
	return ""
}

// readSettings reads what --set was given, by the settings' names. CloudFormation
// would refuse the same later.
func readSettings(given []string) (map[string]string, error) {
	settings := map[string]string{}
	for _, pair := range given {
		name, typed, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, usagef("--set %q is not NAME=VALUE", pair)
		}
		s, err := settingNamed(name)
		if err != nil {
			return nil, err
		}
		value, err := inUnit(s, typed)
		if err != nil {
			return nil, usagef("--set %s=%s: %v", name, typed, err)
		}
		if err := s.Check(value); err != nil {
			return nil, allowedInstead(s, value, usagef("--set %s=%s: %v", name, typed, err))
		}
		settings[name] = value
	}
	return settings, nil
}

func settingNamed(name string) (cfn.Setting, error) {
	var names []string
	for _, s := range cfn.Settings() {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	err := usagef("--set %s: there is no such setting", name)
	if near := nearest(name, names); near != "" {
		return cfn.Setting{}, didYouMean(err, near)
	}
	return cfn.Setting{}, &hintedError{err, "renpyctl deploy --help lists the settings"}
}

// allowedInstead says of a setting with few values which was meant, or which there are.
func allowedInstead(s cfn.Setting, value string, err error) error {
	if len(s.Allowed) == 0 {
		return err
	}
	if near := nearest(value, s.Allowed); near != "" && !s.Number() {
		return didYouMean(err, s.Name+"="+near)
	}
	return &hintedError{err, s.Name + " is one of " + strings.Join(s.Allowed, ", ")}
}

// inUnit is a value as the template takes it: sizes may be typed as "16 MiB",
// and days as "90d". What is neither stays as it is.
func inUnit(s cfn.Setting, typed string) (string, error) {
	if _, err := strconv.ParseInt(typed, 10, 64); err == nil || typed == "" {
		return typed, nil
	}
	var n int64
	var err error
	switch s.Unit {
	case cfn.ByteCount:
		n, err = ui.ReadBytes(typed)
	case cfn.Days:
		n, err = when.Days(typed)
	default:
		return typed, nil
	}
	return strconv.FormatInt(n, 10), err
}

// completeSettings offers the settings that are not given yet, then their values.
func completeSettings(cmd *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	given, _ := cmd.Flags().GetStringArray("set")
	var offers []cobra.Completion
	for _, s := range cfn.Settings() {
		if strings.HasPrefix(typed, s.Name+"=") {
			return valuesOf(s), cobra.ShellCompDirectiveNoFileComp
		}
		if !slices.ContainsFunc(given, func(pair string) bool { return strings.HasPrefix(pair, s.Name+"=") }) {
			offers = append(offers, cobra.CompletionWithDesc(s.Name+"=", s.Help))
		}
	}
	return offers, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

func valuesOf(s cfn.Setting) (offers []cobra.Completion) {
	for _, value := range s.Allowed {
		offers = append(offers, s.Name+"="+value)
	}
	return offers
}
