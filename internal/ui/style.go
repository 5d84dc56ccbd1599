package ui

import (
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
)

// The program's few styles: one accent for names, red for what failed, dim for
// what can be skipped. They use the terminal's own 16 colours, so they fit
// light and dark themes without asking the terminal for its background.
var (
	accent  = lipgloss.NewStyle().Foreground(lipgloss.Cyan)
	dim     = lipgloss.NewStyle().Faint(true)
	failure = lipgloss.NewStyle().Foreground(lipgloss.Red)
	warning = lipgloss.NewStyle().Foreground(lipgloss.Yellow)
	success = lipgloss.NewStyle().Foreground(lipgloss.Green)
	strong  = lipgloss.NewStyle().Bold(true)
)

// Accent marks a name: a stage, a resource, a command.
func Accent(s string) string { return accent.Render(s) }

// Dim marks what can be skipped.
func Dim(s string) string { return dim.Render(s) }

// Failure marks what failed.
func Failure(s string) string { return failure.Render(s) }

// Warning marks what needs a second look.
func Warning(s string) string { return warning.Render(s) }

// Success marks what is done.
func Success(s string) string { return success.Render(s) }

// Strong marks a heading.
func Strong(s string) string { return strong.Render(s) }

// Fit cuts text, which may be styled, to a width in cells.
func Fit(text string, width int) string { return ansi.Truncate(text, width, "…") }
