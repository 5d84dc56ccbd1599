package ui

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestAsk(t *testing.T) {
	yesNo := func(s *Streams) error { return s.Confirm(t.Context(), "Deploy to dev?") }
	typed := func(s *Streams) error { return s.ConfirmTyped(t.Context(), "Type the stage's name:", "dev") }
	for _, c := range []struct {
		what     string
		ask      func(*Streams) error
		terminal bool
		input    string
		want     error
		prompt   string
	}{
		{"yes", yesNo, true, "yes\n", nil, "Deploy to dev? [y/N] "},
		{"y in capitals, with blanks", yesNo, true, " Y \r\n", nil, "Deploy to dev? [y/N] "},
		{"the default is no", yesNo, true, "\n", ErrDeclined, "Deploy to dev? [y/N] "},
		{"no", yesNo, true, "n\n", ErrDeclined, "Deploy to dev? [y/N] "},
		{"anything else", yesNo, true, "yess\n", ErrDeclined, "Deploy to dev? [y/N] "},
		{"Ctrl-D ends the line", yesNo, true, "", ErrDeclined, "Deploy to dev? [y/N] \n"},
		{"the end of input after an answer", yesNo, true, "y", nil, "Deploy to dev? [y/N] "},
		{"a pipe cannot answer", yesNo, false, "y\n", ErrNoTerminal, ""},

		{"the word", typed, true, "dev\n", nil, "Type the stage's name: "},
		{"another word", typed, true, "prod\n", ErrDeclined, "Type the stage's name: "},
		{"the word in capitals", typed, true, "DEV\n", ErrDeclined, "Type the stage's name: "},
		{"yes is not the word", typed, true, "y\n", ErrDeclined, "Type the stage's name: "},
		{"no word from a pipe", typed, false, "dev\n", ErrNoTerminal, ""},
	} {
		var prompt bytes.Buffer
		s := &Streams{In: strings.NewReader(c.input), Err: &prompt, InTerminal: c.terminal}
		if err := c.ask(s); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.what, err, c.want)
		}
		if prompt.String() != c.prompt {
			t.Errorf("%s: asked %q, want %q", c.what, prompt.String(), c.prompt)
		}
	}
}

// Ctrl-C leaves the question, with the cursor on a line of its own.
func TestAskInterrupted(t *testing.T) {
	in, answer := io.Pipe()
	defer answer.Close()
	var prompt bytes.Buffer
	stop := errors.New("interrupt signal received")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stop)
	s := &Streams{In: in, Err: &prompt, InTerminal: true}
	if err := s.Confirm(ctx, "Deploy?"); !errors.Is(err, stop) || !errors.Is(err, ErrLeft) {
		t.Errorf("%v, want %v and %v", err, ErrLeft, stop)
	}
	if got := prompt.String(); !strings.HasSuffix(got, "\n") {
		t.Errorf("the next line would begin behind the question: %q", got)
	}
}
