package logs

import (
	"fmt"
	"slices"
)

// Wanted chooses lines by what they say. Empty fields choose all.
type Wanted struct {
	Player  string // the sub
	Request string // an id of the request, Lambda's or the API's
	Errors  bool   // what went wrong
}

// Match tells whether a line is wanted.
func (w Wanted) Match(r Record) bool {
	return (w.Player == "" || w.Player == r.Player) &&
		(w.Request == "" || slices.Contains(r.IDs, w.Request)) &&
		(!w.Errors || r.Failed())
}

// Pattern is a filter pattern that lets all wanted lines pass, so that others need
// not be fetched, and perhaps more ("" for all). Subs and ids hold nothing that
// would have to be quoted in it; not every emulator understands it.
func (w Wanted) Pattern() string {
	switch {
	case w.Request != "":
		return fmt.Sprintf("%q", w.Request)
	case w.Player != "":
		return fmt.Sprintf(`{ $.player = "%[1]s" || $.user = "%[1]s" }`, w.Player)
	}
	return ""
}
