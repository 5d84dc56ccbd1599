package ui

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrNoTerminal says that a question could not be asked because nobody sits at
// standard input.
var ErrNoTerminal = errors.New("standard input is not a terminal")

// ErrDeclined says that the person answered no, or something other than what was asked for.
var ErrDeclined = errors.New("not confirmed")

// ErrLeft says that a question was left without an answer, by Ctrl-C.
var ErrLeft = errors.New("the question was left")

// Confirm asks a yes-or-no question whose default is no. It returns nil for
// yes, [ErrDeclined] for anything else, [ErrNoTerminal] where nobody can answer,
// [ErrLeft] when ctx ends. Only what is typed after the question is an answer.
func (s *Streams) Confirm(ctx context.Context, question string) error {
	answer, err := s.ask(ctx, question+" [y/N] ")
	if err != nil {
		return err
	}
	switch strings.ToLower(answer) {
	case "y", "yes":
		return nil
	}
	return ErrDeclined
}

// ConfirmTyped asks for a word to be typed, for what cannot be undone. Errors as [Streams.Confirm].
func (s *Streams) ConfirmTyped(ctx context.Context, question, word string) error {
	answer, err := s.ask(ctx, question+" ")
	if err != nil {
		return err
	}
	if answer != word {
		return fmt.Errorf("%w: %q is not %q", ErrDeclined, answer, word)
	}
	return nil
}

// Choose asks for one of several words to be typed, and returns it. Errors as [Streams.Confirm].
func (s *Streams) Choose(ctx context.Context, question string, words ...string) (string, error) {
	answer, err := s.ask(ctx, question+" ")
	switch {
	case err != nil:
		return "", err
	case !slices.Contains(words, answer):
		return "", fmt.Errorf("%w: %q is none of %s", ErrDeclined, answer, strings.Join(words, ", "))
	}
	return answer, nil
}

// Secret asks for a text that is not shown while it is typed. Errors as [Streams.Confirm].
func (s *Streams) Secret(ctx context.Context, prompt string) (string, error) {
	if !s.InTerminal || s.silent == nil {
		return "", ErrNoTerminal
	}
	read, restore, err := s.silent()
	if err != nil {
		return "", err
	}
	defer restore()
	text, err := s.answer(ctx, prompt+" ", read)
	fmt.Fprintln(s.Err) // the one that was typed is not shown either
	return text, err
}

func (s *Streams) ask(ctx context.Context, prompt string) (string, error) {
	if !s.InTerminal {
		return "", ErrNoTerminal
	}
	line, err := s.answer(ctx, prompt, func() (string, error) { return bufio.NewReader(s.In).ReadString('\n') })
	if err != nil {
		fmt.Fprintln(s.Err)
	}
	return strings.TrimSpace(line), err
}

// answer prints a prompt and waits for what is read.
func (s *Streams) answer(ctx context.Context, prompt string, read func() (string, error)) (string, error) {
	if s.Forget != nil {
		s.Forget()
	}
	fmt.Fprint(s.Err, prompt)
	type reply struct {
		line string
		err  error
	}
	replies := make(chan reply, 1)
	go func() {
		// A read cannot be interrupted; the goroutine ends with the process.
		line, err := read()
		replies <- reply{line, err}
	}()
	select {
	case <-ctx.Done():
		return "", fmt.Errorf("%w: %w", ErrLeft, context.Cause(ctx))
	case r := <-replies:
		if r.err != nil && strings.TrimSpace(r.line) == "" {
			return "", ErrDeclined
		}
		return r.line, nil
	}
}
