package cli

import (
	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/lambda/api"
)

// newLambdaRuntime serves a function by Lambda's runtime interface. The local
// cloud starts it where it cannot start the Linux program that AWS runs.
func newLambdaRuntime(*app) *cobra.Command {
	return &cobra.Command{
		Use:    "lambda-runtime FUNCTION",
		Short:  "Serve a function by Lambda's runtime interface",
		Hidden: true,
		Args:   exactly("a function's name"),
		RunE:   func(_ *cobra.Command, args []string) error { return api.Run(args[0]) },
	}
}
