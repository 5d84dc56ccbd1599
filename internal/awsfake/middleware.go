package awsfake

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// intercept ends a call's way through the SDK after the input was validated:
// nothing is serialized, signed or sent, and nothing is retried.
func intercept(stack *middleware.Stack, answer func(context.Context, Call) (any, error)) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("awsfake",
		func(ctx context.Context, in middleware.InitializeInput, _ middleware.InitializeHandler) (
			out middleware.InitializeOutput, metadata middleware.Metadata, err error) {
			call := Call{middleware.GetServiceID(ctx), middleware.GetOperationName(ctx), in.Parameters}
			if err := ctx.Err(); err != nil {
				return out, metadata, &smithy.CanceledError{Err: err}
			}
			if out.Result, err = answer(ctx, call); err != nil {
				return middleware.InitializeOutput{}, metadata, asSDK(err)
			}
			return out, metadata, nil
		}), middleware.After)
}

// interceptAttempts ends each attempt of a call where it would be signed and
// sent: the SDK's retries are outside of it.
func interceptAttempts(stack *middleware.Stack, answer func(context.Context, Call) (any, error)) error {
	type input struct{}
	err := stack.Initialize.Add(middleware.InitializeMiddlewareFunc("awsfakeInput",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
			middleware.InitializeOutput, middleware.Metadata, error) {
			return next.HandleInitialize(middleware.WithStackValue(ctx, input{}, in.Parameters), in)
		}), middleware.After)
	if err != nil {
		return err
	}
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("awsfake",
		func(ctx context.Context, _ middleware.FinalizeInput, _ middleware.FinalizeHandler) (
			out middleware.FinalizeOutput, metadata middleware.Metadata, err error) {
			call := Call{middleware.GetServiceID(ctx), middleware.GetOperationName(ctx), middleware.GetStackValue(ctx, input{})}
			if err := ctx.Err(); err != nil {
				return out, metadata, &smithy.CanceledError{Err: err}
			}
			if out.Result, err = answer(ctx, call); err != nil {
				return middleware.FinalizeOutput{}, metadata, asAttempt(err)
			}
			return out, metadata, nil
		}), "Retry", middleware.After)
}

// pause is the time that a call takes, cut off as the SDK cuts it off.
func pause(ctx context.Context, d time.Duration) error {
	if d == 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return &smithy.CanceledError{Err: ctx.Err()}
	case <-timer.C:
		return nil
	}
}

// describe shows an input in a message.
func describe(input any) string {
	text, err := json.Marshal(input)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
