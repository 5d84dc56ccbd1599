// Package api joins the sync protocol to AWS Lambda behind an HTTP API: it turns
// events into calls of package savesync and replies into answers.
package api

import (
	"context"
	"encoding/base64"
	"log/slog"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
)

// event is what is used of an HTTP API's event, payload format 2.0. Claims are
// kept as they come: AWS sends all as strings, others send numbers as numbers.
type event struct {
	Body            string `json:"body"`
	IsBase64Encoded bool   `json:"isBase64Encoded"`
	RequestContext  struct {
		RequestID  string `json:"requestId"`
		Authorizer struct {
			JWT struct {
				Claims map[string]any `json:"claims"`
			} `json:"jwt"`
		} `json:"authorizer"`
	} `json:"requestContext"`
}

// answer is the answer that an HTTP API takes, payload format 2.0.
type answer struct {
	StatusCode int               `json:"statusCode"`
	Headers    map[string]string `json:"headers"`
	Body       string            `json:"body"`
}

// serve is [savesync.Service.ServePlan] or its sister.
type serve func(ctx context.Context, player string, body []byte) savesync.Reply

// handler answers events by serve and writes one log line for each.
func handler(name string, serve serve, log *slog.Logger) func(context.Context, event) (answer, error) {
	return func(ctx context.Context, e event) (answer, error) {
		start := time.Now()
		ctx, cancel := withTimeToAnswer(ctx)
		defer cancel()
		player, _ := e.RequestContext.Authorizer.JWT.Claims["sub"].(string)
		body := []byte(e.Body)
		if e.IsBase64Encoded {
			// What cannot be decoded is no JSON either: the protocol refuses it in its own words.
			body, _ = base64.StdEncoding.DecodeString(e.Body)
		}
		reply := serve(ctx, player, body)
		logReply(ctx, log, name, e, player, reply, time.Since(start))
		return toAnswer(reply), nil
	}
}

// timeToAnswer is kept of a call's time for the answer and its log line. Lambda kills a
// function at its deadline, and the device would get an error that says nothing in
// place of the 503 that says when to ask again.
const timeToAnswer = 2 * time.Second

// withTimeToAnswer lets whatever is asked of the stores end before Lambda's deadline.
func withTimeToAnswer(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-timeToAnswer))
}

func toAnswer(r savesync.Reply) answer {
	headers := map[string]string{"Content-Type": "application/json", "Cache-Control": "no-store"}
	if r.RetryAfter > 0 {
		headers["Retry-After"] = strconv.Itoa(int((r.RetryAfter + time.Second - 1) / time.Second))
	}
	return answer{StatusCode: r.Status, Headers: headers, Body: string(r.Body)}
}

// logReply writes the line of one request: who, what, how it went. Never a token,
// a URL or a body.
func logReply(ctx context.Context, log *slog.Logger, name string, e event, player string, r savesync.Reply, took time.Duration) {
	attrs := []slog.Attr{slog.String("api_request_id", e.RequestContext.RequestID)}
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		attrs = append(attrs, slog.String("request_id", lc.AwsRequestID))
	}
	attrs = append(attrs, slog.String("player", player), slog.Int("status", r.Status), slog.Int64("took_ms", took.Milliseconds()))
	attrs = append(attrs, r.Facts...)
	level := slog.LevelInfo
	if r.Status >= 400 {
		level = slog.LevelWarn
	}
	if r.Status >= 500 {
		level = slog.LevelError
	}
	if r.Cause != nil {
		attrs = append(attrs, slog.String("cause", r.Cause.Error()))
	}
	log.LogAttrs(ctx, level, name, attrs...)
}
