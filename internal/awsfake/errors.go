package awsfake

import (
	"cmp"
	"errors"
	"net"
	"net/http"
	"net/url"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Error is a service's answer that says no. A client returns it as the SDK
// would: with its status and request id, and after all attempts where the SDK
// would have tried again.
type Error struct {
	Code      string `yaml:"code"`    // "AccessDenied"
	Message   string `yaml:"message"` // may be empty: S3 answers HEAD without one
	Status    int    `yaml:"status"`  // of HTTP; 400 if 0
	RequestID string `yaml:"request"` // [RequestID] if empty
}

// RequestID is the request id of an [Error] that names none.
const RequestID = "5f1c1d3a-2b7e-4c55-9a0e-awsfake00001"

// Error returns code and message.
func (e Error) Error() string { return e.Code + ": " + e.Message }

// ErrLost stands for a connection that breaks before the answer, on every attempt.
var ErrLost = errors.New("connection reset")

// attempts is how often the SDK has tried when it gives up.
const attempts = 5

// asSDK returns the error as the SDK returns it from the inside of a call, after all attempts.
func asSDK(err error) error {
	err = asAttempt(err)
	if retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) == aws.TrueTernary {
		return &retry.MaxAttemptsError{Attempt: attempts, Err: err}
	}
	return err
}

// asAttempt returns the error as one attempt of a call ends with it.
func asAttempt(err error) error {
	if e, ok := errors.AsType[Error](err); ok {
		err = &awshttp.ResponseError{
			RequestID: cmp.Or(e.RequestID, RequestID),
			ResponseError: &smithyhttp.ResponseError{
				Response: &smithyhttp.Response{Response: &http.Response{StatusCode: cmp.Or(e.Status, http.StatusBadRequest)}},
				Err:      &smithy.GenericAPIError{Code: e.Code, Message: e.Message},
			},
		}
	}
	if errors.Is(err, ErrLost) {
		// The shape that net/http gives to a reset connection.
		err = &smithyhttp.RequestSendError{Err: &url.Error{
			Op: "Post", URL: "https://service." + Region + ".amazonaws.com/?secret=1",
			Err: &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET},
		}}
	}
	return err
}
