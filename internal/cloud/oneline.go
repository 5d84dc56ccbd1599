package cloud

import "strings"

// OneLine keeps a text on one line, whatever a service put into it.
func OneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
