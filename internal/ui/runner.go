package ui

import (
	"fmt"
	"io"
	"strings"
	"unicode"
)

// Command tells GitHub's runner something about what is printed, as
// ::name title=title::data, where it reads along; elsewhere it does nothing.
// What is escaped, and how, is actions/runner's ActionCommand.cs.
func (s *Streams) Command(name, title, data string) {
	if s.runner == nil {
		return
	}
	if title != "" {
		name += " title=" + propertyEscapes.Replace(Clean(title))
	}
	fmt.Fprintf(s.runner, "::%s::%s\n", name, dataEscapes.Replace(Clean(data)))
}

var (
	dataEscapes     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	propertyEscapes = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// unobeyed writes what GitHub's runner is not to obey: it takes a line for a
// command that begins, after white space, with ::, or has ##[ anywhere. Of each
// one character becomes visible, as those of [Clean] do.
type unobeyed struct {
	to     io.Writer
	inLine bool // something else than white space was written since the line began
	hashes int  // that were written just now
}

func (u *unobeyed) Write(p []byte) (int, error) {
	var safe strings.Builder
	for _, r := range string(p) {
		if r == ':' && !u.inLine || r == '[' && u.hashes > 1 {
			fmt.Fprintf(&safe, `\u%04x`, r)
		} else {
			safe.WriteRune(r)
		}
		u.inLine = r != '\n' && (u.inLine || !unicode.IsSpace(r))
		if r == '#' {
			u.hashes++
		} else {
			u.hashes = 0
		}
	}
	if _, err := io.WriteString(u.to, safe.String()); err != nil {
		return 0, err
	}
	return len(p), nil
}
