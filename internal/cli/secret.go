package cli

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/renpy-cloud/renpyctl/internal/players"
)

// password asks for a password twice, unseen, or reads it from standard input
// where that is no terminal.
func (a *app) password(ctx context.Context, prompt string) (string, error) {
	var password string
	var err error
	if a.streams.InTerminal {
		password, err = a.typedTwice(ctx, prompt)
	} else {
		password, err = leaving(ctx, func() (string, error) { return pipedIn(a.streams.In) })
	}
	if err != nil {
		return "", err
	}
	if err := players.CheckPassword(password); err != nil {
		return "", usagef("%v", err)
	}
	return password, nil
}

func (a *app) typedTwice(ctx context.Context, prompt string) (string, error) {
	first, err := a.streams.Secret(ctx, prompt)
	if err != nil {
		return "", err
	}
	second, err := a.streams.Secret(ctx, "Once more:")
	if err == nil && first != second {
		err = errors.New("the two passwords differ")
	}
	return first, err
}

// maxPiped is how long a value on standard input may be.
const maxPiped = 64 << 10

// pipedIn reads a value, and drops exactly the one line end that echo and
// editors put behind it.
func pipedIn(r io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxPiped+1))
	if err != nil {
		return "", err
	}
	value, ended := strings.CutSuffix(string(text), "\n")
	if ended {
		value = strings.TrimSuffix(value, "\r")
	}
	switch {
	case value == "":
		return "", usagef("the value on standard input is empty")
	case len(value) > maxPiped:
		return "", usagef("the value on standard input is longer than %d bytes", maxPiped)
	}
	return value, nil
}
