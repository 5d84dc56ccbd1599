package cloud

import (
	"bufio"
	"os"
	"slices"
	"strings"
)

// Profiles lists the profiles of an AWS configuration, sorted: those of its file
// config and of its file credentials, as ~/.aws has them. (Their forms: AWS SDKs and
// Tools Reference Guide, Shared config and credentials files.) A file that cannot be
// read has none.
func Profiles(config, credentials string) []string {
	var names []string
	for _, header := range sections(config) {
		if name, ok := strings.CutPrefix(header, "profile "); ok {
			names = append(names, strings.TrimSpace(name))
		} else if header == "default" {
			names = append(names, header)
		}
	}
	names = append(names, sections(credentials)...)
	slices.Sort(names)
	return slices.Compact(names)
}

// sections are the headers of an INI file: [header].
func sections(file string) (headers []string) {
	f, err := os.Open(file)
	if err != nil {
		return nil
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line, _, _ := strings.Cut(strings.TrimSpace(lines.Text()), "]")
		if header, ok := strings.CutPrefix(line, "["); ok {
			headers = append(headers, strings.TrimSpace(header))
		}
	}
	return headers
}
