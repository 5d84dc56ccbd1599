// Command syncplan is the Lambda function behind POST /sync/plan.
package main

import (
	"log/slog"
	"os"

	"github.com/renpy-cloud/renpyctl/lambda/api"
)

func main() {
	if err := api.Run("syncplan"); err != nil {
		slog.New(slog.NewJSONHandler(os.Stdout, nil)).Error("cannot start", "function", "syncplan", "cause", err.Error())
		os.Exit(1)
	}
}
