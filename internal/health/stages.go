package health

import (
	"errors"

	"github.com/renpy-cloud/renpyctl/internal/stage"
)

// OfStack grades a stage by its stack alone: what can be said of many at once.
func OfStack(f stage.Found) Finding {
	at := Finding{Check: string(f.Name)}
	_, lost := errors.AsType[*stage.ForeignStackError](f.Err)
	switch {
	case lost:
		at.Grade, at.Found, at.Mend = Problem, "its stack has lost the tag by which it is known", ours("recover --adopt")
	case f.Err != nil:
		at.Grade, at.Err = Unchecked, f.Err
	default:
		s := stateOf(f.Stack)
		at.Grade, at.Found, at.Means, at.Mend = s.Grade, s.Found, s.Means, s.Mend
	}
	return at
}
