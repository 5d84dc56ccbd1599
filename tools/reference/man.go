package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// writeMan writes the manual into a folder: renpyctl.1.gz, and for each of its
// commands one page with what is below it. Equal source gives equal bytes.
func writeMan(root *cobra.Command, folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	pages := map[string]string{root.Name(): page(root, []*cobra.Command{root}, root.Commands())}
	for _, cmd := range root.Commands() {
		if cmd.IsAvailableCommand() || cmd.IsAdditionalHelpTopicCommand() {
			pages[root.Name()+"-"+cmd.Name()] = page(cmd, commands(cmd), nil)
		}
	}
	for name, roff := range pages {
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed) // whose header says no time
		if _, err := z.Write([]byte(roff)); err != nil {
			return err
		}
		if err := z.Close(); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, name+".1.gz"), packed.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// page is a page of the manual in the language of man(7): what is shown is what
// --help prints, as it is laid out there.
func page(about *cobra.Command, shown, seeAlso []*cobra.Command) string {
	var b strings.Builder
	name := strings.ReplaceAll(about.CommandPath(), " ", "-")
	fmt.Fprintf(&b, ".TH %s 1 \"\" renpyctl \"renpyctl manual\"\n", strings.ToUpper(name))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(name), roff(about.Short))
	for _, cmd := range shown {
		fmt.Fprintf(&b, ".SH %s\n.nf\n%s\n.fi\n", roff(strings.ToUpper(cmd.CommandPath())), roff(text(cmd)))
	}
	var pages []string
	for _, cmd := range seeAlso {
		if cmd.IsAvailableCommand() || cmd.IsAdditionalHelpTopicCommand() {
			pages = append(pages, fmt.Sprintf(".BR %s (1)", roff(about.Name()+"-"+cmd.Name())))
		}
	}
	if len(pages) == 0 {
		pages = []string{".BR renpyctl (1)"}
	}
	fmt.Fprintf(&b, ".SH SEE ALSO\n%s\n", strings.Join(pages, "\n"))
	return b.String()
}

// roff is text that roff shows as it is.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", "\\(ga", "^", `\(ha`, "~", `\(ti`).Replace(text)
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, ".") {
			b.WriteString(`\&`) // else it would be a request
		}
		b.WriteString(line)
	}
	return b.String()
}
