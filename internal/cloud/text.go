package cloud

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/smithy-go"
)

// Text says an error in one line for people: what this program was doing, and
// what AWS said, without the layers that the SDK wraps around it.
func Text(err error) string {
	text := err.Error()
	if missing, ok := errors.AsType[config.SharedConfigProfileNotExistError](err); ok {
		return fmt.Sprintf("this computer's AWS configuration has no profile %q", missing.Profile)
	}
	if source, ok := errors.AsType[config.SharedConfigAssumeRoleError](err); ok {
		return fmt.Sprintf("profile %q has no credentials to assume the role %s with", source.Profile, source.RoleARN)
	}
	if KindOf(err) == NeedsMFA {
		return "the profile's role demands an MFA code"
	}
	operation, ok := errors.AsType[*smithy.OperationError](err)
	if !ok {
		return text
	}
	return strings.Replace(text, operation.Error(), brief(operation), 1)
}

// brief is what an operation failed of.
func brief(operation *smithy.OperationError) string {
	if foreign, ok := errors.AsType[*foreignAnswerError](operation); ok {
		return foreign.Error()
	}
	if response, ok := errors.AsType[*awshttp.ResponseError](operation); ok && unreadable(operation) {
		return fmt.Sprintf("not AWS but something on the way to %s answered: %s", hostAsked(response.Response.Response), response.Response.Status)
	}
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
	if process, ok := errors.AsType[*processcreds.ProviderError](operation); ok {
		return "the profile's credential_process failed: " + ofProcess(process)
	}
	return fmt.Sprintf("%s %s: %v", operation.Service(), operation.Operation(), root(operation))
}

// ofProcess is what a credential_process failed of. Where the SDK could not read
// what it printed, that is in the SDK's error, and may be a secret.
func ofProcess(e *processcreds.ProviderError) string {
	if strings.HasPrefix(e.Err.Error(), "parse failed of process output") {
		return "what it prints is not the JSON that the AWS tools read"
	}
	return root(e).Error()
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
