// Command lambdazip builds the deployment packages of all Lambda functions for
// all their architectures. Run it in the module's root:
//
//	go run ./internal/lambdazip/cmd/lambdazip -o lambda/dist
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/renpy-cloud/renpyctl/internal/lambdazip"
	"github.com/renpy-cloud/renpyctl/lambda"
)

func main() {
	out := flag.String("o", "lambda/dist", "the `folder` to write the zips to")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *out); err != nil {
		fmt.Fprintln(os.Stderr, "lambdazip:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out string) error {
	var sums strings.Builder
	for _, f := range lambda.Functions() {
		for _, arch := range lambda.Arches() {
			data, err := lambdazip.Build(ctx, ".", "./lambda/"+f.Command, arch)
			if err != nil {
				return err
			}
			path := filepath.Join(out, fmt.Sprintf("%s-%s.zip", f.Command, arch))
			written, err := lambdazip.WriteFile(path, data)
			if err != nil {
				return err
			}
			state := "unchanged"
			if written {
				state = "written"
			}
			fmt.Fprintf(&sums, "%s  %s\n", lambda.NewCode(f, arch, data).SHA256, filepath.Base(path))
			fmt.Printf("%-34s %9d bytes  %s\n", path, len(data), state)
		}
	}
	_, err := lambdazip.WriteFile(filepath.Join(out, lambda.SumsFile), []byte(sums.String()))
	return err
}
