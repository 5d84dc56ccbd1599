// Command synccomplete is the Lambda function behind POST /sync/complete.
package main

import (
	"log/slog"
	"os"

	"github.com/renpy-cloud/renpyctl/lambda/api"
)

func main() {
	if err := api.Run("synccomplete"); err != nil {
		slog.New(slog.NewJSONHandler(os.Stdout, nil)).Error("cannot start", "function", "synccomplete", "cause", err.Error())
		os.Exit(1)
	}
}
