// Package ui is how the program talks: what its streams are, tables, progress,
// questions, times and sizes in words. It knows no AWS and no cobra.
//
// Its rules: the answer goes to standard output, everything else (progress,
// questions, warnings, errors) to standard error. A stream that is not a
// terminal gets no colour, no cursor movement and no alignment. Whatever is
// printed comes out clean ([Clean]), wherever its text is from.
package ui

import (
	"bytes"
	"io"
	"os"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/term"
)

// Streams are the program's standard streams and what each of them can do.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer

	// InTerminal, OutTerminal and ErrTerminal say which stream a person sits at.
	// OutTerminal decides how answers are laid out; a flag may set it otherwise.
	InTerminal  bool
	OutTerminal bool
	ErrTerminal bool

	// Live says that Err may be redrawn in place: a terminal that is not dumb, outside CI.
	Live bool

	// Forget throws away what was typed before it is called, nil if nothing can be.
	// It is not the answer to a question that nobody had seen.
	Forget func()

	size func() (width, height int)
	// silent keeps the terminal from showing what is typed until it is restored.
	silent func() (read func() (string, error), restore func(), err error)
	// runner is where GitHub's runner takes commands, nil if none reads along.
	runner io.Writer
	// waits shows that the program waits, nil if nothing does.
	waits *waiting
}

// Size returns the terminal's width and height in cells, 80×24 where there is none.
func (s *Streams) Size() (width, height int) {
	if s.size != nil {
		if w, h := s.size(); w > 0 && h > 0 {
			return w, h
		}
	}
	return 80, 24
}

// System returns the process's own streams. Styles written to them are reduced
// to what each can show: none in a pipe, none where they are not wanted, all
// where CLICOLOR_FORCE asks for them.
func System(stdin, stdout, stderr *os.File, getenv func(string) string, environ []string, noColor bool) *Streams {
	s := &Streams{
		In:          stdin,
		InTerminal:  term.IsTerminal(stdin.Fd()),
		OutTerminal: term.IsTerminal(stdout.Fd()),
		ErrTerminal: term.IsTerminal(stderr.Fd()),
		size: func() (int, int) {
			w, h, err := term.GetSize(stderr.Fd())
			if err != nil {
				return 0, 0
			}
			return w, h
		},
	}
	if s.InTerminal {
		s.Forget = func() { forgetTyped(stdin) }
	}
	s.silent = func() (func() (string, error), func(), error) {
		state, err := term.GetState(stdin.Fd())
		if err != nil {
			return nil, nil, err
		}
		read := func() (string, error) {
			text, err := term.ReadPassword(stdin.Fd())
			return string(text), err
		}
		return read, func() { _ = term.Restore(stdin.Fd(), state) }, nil
	}
	plain, forced := noColor || unwanted(getenv), forced(getenv)
	dumb := getenv("TERM") == "dumb"
	if getenv("GITHUB_ACTIONS") == "true" {
		s.runner = stderr
	}
	outs, errs := s.styled(stdout, environ, s.OutTerminal && !dumb, plain, forced), s.styled(stderr, environ, s.ErrTerminal && !dumb, plain, forced)
	foreign := foreignCharset(getenv)
	if foreign && s.OutTerminal {
		outs = ascii{outs}
	}
	if foreign && s.ErrTerminal {
		errs = ascii{errs}
	}
	s.waits = &waiting{out: errs, size: s.Size}
	s.Out = &cleaner{to: attentive{outs, s.waits}}
	s.Err = &cleaner{to: attentive{errs, s.waits}}
	s.Live = s.ErrTerminal && !dumb && getenv("CI") == ""
	return s
}

// unwanted tells whether the environment wants no colours: a NO_COLOR that is not
// empty (no-color.org; colorprofile itself reads it as a boolean and would colour
// for NO_COLOR=yes), or CLICOLOR=0.
func unwanted(getenv func(string) string) bool {
	return getenv("NO_COLOR") != "" || getenv("CLICOLOR") == "0" && !forced(getenv)
}

// forced tells whether the environment wants colours in pipes, too
// (bixense.com/clicolors).
func forced(getenv func(string) string) bool {
	force := getenv("CLICOLOR_FORCE")
	return force != "" && force != "0"
}

// unstyled leaves out the styles, which are all that [Clean] lets through of escape
// sequences. Most of a million lines have none.
type unstyled struct{ to io.Writer }

func (u unstyled) Write(p []byte) (int, error) {
	if bytes.IndexByte(p, '\x1b') < 0 {
		return u.to.Write(p)
	}
	_, err := io.WriteString(u.to, ansi.Strip(string(p)))
	return len(p), err
}

// styled wraps w so that the styles of this package, which are always written
// in full, are reduced to what w can show. A plain terminal loses its colours
// but keeps the cursor movements of live progress.
func (s *Streams) styled(w *os.File, environ []string, able, plain, forced bool) io.Writer {
	switch {
	case !able && forced && !plain && s.runner != nil:
		return &colorprofile.Writer{Forward: &unobeyed{to: w}, Profile: colorprofile.ANSI}
	case !able && forced && !plain:
		return &colorprofile.Writer{Forward: w, Profile: colorprofile.ANSI}
	case !able && s.runner != nil:
		return &colorprofile.Writer{Forward: &unobeyed{to: w}, Profile: colorprofile.NoTTY}
	case !able:
		return unstyled{w}
	case plain:
		return &colorprofile.Writer{Forward: w, Profile: colorprofile.Ascii}
	}
	return colorprofile.NewWriter(w, environ)
}
