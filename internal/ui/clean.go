package ui

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// ours are the sequences by which this package's styles begin and end. Nothing
// else may speak to the terminal: what this program prints comes in good part
// from others, as log lines, e-mail addresses, tags and AWS's messages.
var ours = func() []string {
	var list []string
	for _, style := range []func(string) string{Accent, Dim, Failure, Warning, Success, Strong} {
		begin, end, _ := strings.Cut(style("x"), "x")
		list = append(list, begin, end)
	}
	return list
}()

// Clean makes text safe to print: what would move the cursor, set the terminal's
// title, hide or turn around what is printed, or break lines unasked becomes
// visible, as \u001b. (In JSON that is the same character.) Line feeds, tabs and
// this package's styles stay.
func Clean(text string) string {
	var clean strings.Builder
	for i := 0; i < len(text); {
		if n := plain(text[i:]); n > 0 {
			clean.WriteString(text[i : i+n])
			i += n
			continue
		}
		if style := styleAt(text[i:]); style != "" {
			clean.WriteString(style)
			i += len(style)
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		if speaks(r) {
			fmt.Fprintf(&clean, `\u%04x`, r)
		} else {
			clean.WriteRune(r) // U+FFFD for a byte that is no UTF-8
		}
	}
	return clean.String()
}

// plain is how many bytes a text begins with that are ASCII and need no care, as
// nearly all are.
func plain(text string) int {
	for i := range len(text) {
		if c := text[i]; (c < ' ' || c > '~') && c != '\n' && c != '\t' {
			return i
		}
	}
	return len(text)
}

func styleAt(text string) string {
	if text[0] != '\x1b' {
		return ""
	}
	for _, style := range ours {
		if style != "" && strings.HasPrefix(text, style) {
			return style
		}
	}
	return ""
}

// speaks tells what terminals obey in place of showing it: control characters
// (C0, C1, DEL), line separators, and the controls of bidirectional text.
func speaks(r rune) bool {
	return r != '\n' && r != '\t' && unicode.IsControl(r) ||
		unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}

var breaks = strings.NewReplacer("\t", " ", "\n", " ", "\r", " ")

// SingleLine keeps text in its line and column.
func SingleLine(text string) string { return breaks.Replace(text) }

// cleaner cleans what is written to a stream.
type cleaner struct {
	to io.Writer

	mu   sync.Mutex
	rest []byte // of a character whose end is yet to come
}

func (c *cleaner) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	text := append(c.rest, p...)
	whole := len(text)
	for back := 1; back < utf8.UTFMax && back <= len(text); back++ {
		if tail := text[len(text)-back:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				whole -= back
			}
			break
		}
	}
	c.rest = append([]byte(nil), text[whole:]...)
	if _, err := io.WriteString(c.to, Clean(string(text[:whole]))); err != nil {
		return 0, err
	}
	return len(p), nil
}
