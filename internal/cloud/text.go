package cloud

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go"
)

// Text says an error in one line for people: what this program was doing, and
// what AWS said, without the layers that the SDK wraps around it.
func Text(err error) string {
	text := err.Error()
	if missing, ok := errors.AsType[config.SharedConfigProfileNotExistError](err); ok {
		return fmt.Sprintf("this computer's AWS configuration has no profile %q", missing.Profile)
	}
	operation, ok := errors.AsType[*smithy.OperationError](err)
	if !ok {
		return text
	}
	return strings.Replace(text, operation.Error(), brief(operation), 1)
}

// brief is what an operation failed of.
func brief(operation *smithy.OperationError) string {
	if api, ok := errors.AsType[smithy.APIError](operation); ok {
		message := strings.TrimSuffix(strings.TrimSpace(api.ErrorMessage()), ".")
		if message == "" {
			return fmt.Sprintf("%s answered %s", operation.Service(), api.ErrorCode())
		}
		return fmt.Sprintf("%s (%s)", message, api.ErrorCode())
	}
	switch KindOf(operation) {
	case NoCredentials:
		return "no AWS credentials were found"
	case Expired:
		return "the AWS session has run out"
	}
	if e, ok := errors.AsType[*url.Error](operation); ok {
		host := e.URL
		if u, err := url.Parse(e.URL); err == nil {
			host = u.Host // the rest of the address is of no use, and may be secret
		}
		return fmt.Sprintf("cannot reach %s: %v", host, e.Err)
	}
	return fmt.Sprintf("%s %s: %v", operation.Service(), operation.Operation(), root(operation))
}

// root is the innermost error.
func root(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
