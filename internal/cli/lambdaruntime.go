package cli

import (
	"github.com/spf13/cobra"
)

// newLambdaRuntime serves a function by Lambda's runtime interface. The local
// cloud starts it where it cannot start the Linux program that AWS runs.
func newLambdaRuntime(a *app) *cobra.Command {
	return &cobra.Command{
		Use:    "lambda-runtime FUNCTION",
		Hidden: true,
		Args:   exactly("a function's name"),
		RunE:   func(cmd *cobra.Command, args []string) error { return usagef("not yet") },
	}
}
