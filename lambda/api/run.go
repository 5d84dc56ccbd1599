package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/savesync/awsstore"
)

// memoryLimit is where the garbage collector begins to work hard: well below what
// Lambda's smallest functions have, and above what a request holds (savesync, look.go).
const memoryLimit = 90 << 20

// Run serves one of the backend's functions, "syncplan" or "synccomplete", in
// Lambda's environment. It returns when it cannot begin: the error names the
// function that is not one, or the variable that is missing or wrong.
func Run(name string) error {
	service, err := newService(os.Getenv)
	if err != nil {
		return err
	}
	debug.SetMemoryLimit(memoryLimit)
	serves := map[string]serve{"syncplan": service.ServePlan, "synccomplete": service.ServeComplete}
	serve, ok := serves[name]
	if !ok {
		return fmt.Errorf("there is no function %q", name)
	}
	lambda.Start(handler(name, serve, slog.New(slog.NewJSONHandler(os.Stdout, nil))))
	return nil
}

// newService reads the environment that Lambda and the stack's template set.
func newService(getenv func(string) string) (*savesync.Service, error) {
	env := &environment{get: getenv}
	config := awsstore.Config{
		Region:    env.text("AWS_REGION"),
		URLSuffix: getenv("URL_SUFFIX"),
		Endpoint:  getenv("AWS_ENDPOINT_URL"),
		// They hold for as long as the function's process lives.
		Credentials: fixed{
			AccessKeyID:     env.text("AWS_ACCESS_KEY_ID"),
			SecretAccessKey: env.text("AWS_SECRET_ACCESS_KEY"),
			SessionToken:    getenv("AWS_SESSION_TOKEN"),
		},
		Table:  env.text("MANIFEST_TABLE"),
		Bucket: env.text("SAVES_BUCKET"),
	}
	service := &savesync.Service{
		Limits: savesync.Limits{
			Games:             strings.FieldsFunc(getenv("GAME_IDS"), func(r rune) bool { return r == ',' || r == ' ' }),
			FileBytes:         env.number("MAX_FILE_BYTES", 16<<20),
			PlayerBytes:       env.number("MAX_PLAYER_BYTES", 512<<20),
			PlayerBytesPerDay: env.number("MAX_PLAYER_BYTES_PER_DAY", 256<<20),
			PlayerFiles:       int(env.number("MAX_PLAYER_FILES", 500)),
			PlansPerHour:      int(env.number("MAX_PLANS_PER_HOUR", 120)),
			RequestsPerMinute: int(env.number("MAX_REQUESTS_PER_MINUTE", 120)),
		},
		Unchecked: !env.flag("CHECK_SAVES", true),
		Manifests: awsstore.NewManifests(config),
		Objects:   awsstore.NewObjects(config),
	}
	return service, errors.Join(env.errs...)
}

// fixed are credentials that stay the same.
type fixed aws.Credentials

// Retrieve implements [aws.CredentialsProvider].
func (f fixed) Retrieve(context.Context) (aws.Credentials, error) { return aws.Credentials(f), nil }

// environment reads variables and collects what is wrong with them.
type environment struct {
	get  func(string) string
	errs []error
}

// text returns a variable that must be set.
func (e *environment) text(name string) string {
	v := e.get(name)
	if v == "" {
		e.errs = append(e.errs, fmt.Errorf("%s is not set", name))
	}
	return v
}

// flag returns a variable that is true or false, or unset when the default holds.
func (e *environment) flag(name string, otherwise bool) bool {
	switch v := e.get(name); v {
	case "":
		return otherwise
	case "true", "false":
		return v == "true"
	default:
		e.errs = append(e.errs, fmt.Errorf("%s is %q, not true or false", name, v))
		return otherwise
	}
}

// number returns a variable that is a positive number, or unset when the default holds.
func (e *environment) number(name string, otherwise int64) int64 {
	v := e.get(name)
	if v == "" {
		return otherwise
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 1 || n > 1<<40 {
		e.errs = append(e.errs, fmt.Errorf("%s is %q, not a positive number", name, v))
	}
	return n
}
