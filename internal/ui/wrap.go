package ui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Wrap breaks a text between its words so that each line fits into a width, in
// cells, with so many blanks before every line but the first. A word that is longer
// than a line, as an ARN, is left whole: it is to be copied.
func Wrap(text string, width, indent int) string {
	var b strings.Builder
	column := indent
	for i, word := range strings.Fields(text) {
		w := ansi.StringWidth(word)
		switch {
		case i == 0:
		case column+1+w > width:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			column = indent
		default:
			b.WriteString(" ")
			column++
		}
		b.WriteString(word)
		column += w
	}
	return b.String()
}

// Width is how many cells of a terminal a text takes.
func Width(text string) int { return ansi.StringWidth(text) }
