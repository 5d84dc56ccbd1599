package cloud

import (
	"context"
	"crypto/x509"
	"errors"
	"io/fs"
	"net"
	"regexp"
	"slices"
	"strings"
	"syscall"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/smithy-go"
)

// Kind is what an error of the SDK means to an operator.
type Kind int

// The kinds of errors. Other is everything that needs no advice of its own.
const (
	Other          Kind = iota
	NotFound            // what was asked for does not exist
	Denied              // signed in, but not allowed
	Expired             // the session or token has run out
	NoCredentials       // nobody is signed in
	NoWayIn             // how this computer comes by its credentials is set up, and does not work
	NeedsMFA            // the profile's role demands a code that only a person has
	BadCredentials      // AWS does not know the key, or the signature is wrong
	ClockSkew           // this machine's clock is too far off
	NoRegion            // no region chosen
	UnknownProfile      // the profile is not in the configuration
	Throttled           // too many requests, after all retries
	Unreachable         // no connection to the endpoint
	Untrusted           // the endpoint's certificate is of an authority that this machine does not trust
	NotAWS              // somebody on the way answered in AWS's place
	RegionOff           // the account has not enabled the region
	Quota               // the account has as many as AWS allows
	Conflict            // something of that name exists, or is in use
	Interrupted         // the caller gave up
)

var kinds = map[string]Kind{
	"NotFound": NotFound, "NoSuchBucket": NotFound, "NoSuchKey": NotFound, "NoSuchUpload": NotFound, "NoSuchVersion": NotFound,
	"ResourceNotFoundException": NotFound, "UserNotFoundException": NotFound, "NoSuchBucketPolicy": NotFound,
	"ChangeSetNotFound": NotFound, "ChangeSetNotFoundException": NotFound, "NoSuchEntity": NotFound, "NotFoundException": NotFound,

	"AccessDenied": Denied, "AccessDeniedException": Denied, "UnauthorizedOperation": Denied, "NotAuthorizedException": Denied,
	"AllAccessDisabled": Denied,

	"OptInRequired": RegionOff, "RegionDisabledException": RegionOff,

	"ExpiredToken": Expired, "ExpiredTokenException": Expired, "RequestExpired": Expired, "TokenRefreshRequired": Expired,
	"UnauthorizedException": Expired,

	"InvalidClientTokenId": BadCredentials, "UnrecognizedClientException": BadCredentials, "InvalidAccessKeyId": BadCredentials,
	"SignatureDoesNotMatch": BadCredentials, "IncompleteSignature": BadCredentials, "InvalidSignatureException": BadCredentials,
	"AuthFailure": BadCredentials, "InvalidToken": BadCredentials, "InvalidIdentityToken": BadCredentials,

	"RequestTimeTooSkewed": ClockSkew,

	"Throttling": Throttled, "ThrottlingException": Throttled, "ThrottledException": Throttled, "TooManyRequestsException": Throttled,
	"RequestLimitExceeded": Throttled, "SlowDown": Throttled, "ProvisionedThroughputExceededException": Throttled,
	"PriorRequestNotComplete": Throttled, "RequestThrottled": Throttled, "BandwidthLimitExceeded": Throttled,

	"LimitExceeded": Quota, "LimitExceededException": Quota, "TooManyBuckets": Quota,

	"BucketAlreadyExists": Conflict, "BucketAlreadyOwnedByYou": Conflict, "OperationAborted": Conflict, "BucketNotEmpty": Conflict,
	"ConflictException": Conflict, "ResourceConflictException": Conflict, "ResourceInUseException": Conflict,
	"PreconditionFailed": Conflict, "ConditionalRequestConflict": Conflict, "AlreadyExistsException": Conflict, "TokenAlreadyExistsException": Conflict,
}

// KindOf tells what err means. A nil error is Other.
func KindOf(err error) Kind {
	if err == nil {
		return Other
	}
	if errors.Is(err, context.Canceled) {
		return Interrupted
	}
	if errors.Is(err, ErrNoRegion) {
		return NoRegion
	}
	if _, ok := errors.AsType[config.SharedConfigProfileNotExistError](err); ok {
		return UnknownProfile
	}
	if _, ok := errors.AsType[config.AssumeRoleTokenProviderNotSetError](err); ok {
		return NeedsMFA
	}
	if _, ok := errors.AsType[config.SharedConfigAssumeRoleError](err); ok {
		return NoWayIn
	}
	if chainEnded(err) {
		return NoCredentials
	}
	if kind := onTheWay(err); kind != Other {
		return kind
	}
	if sessionEnded(err) {
		return Expired
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		if skewed(api) {
			return ClockSkew
		}
		if k, ok := kinds[api.ErrorCode()]; ok {
			return k
		}
		// CloudFormation and DynamoDB say ValidationError for much else too; only the text tells.
		if strings.Contains(api.ErrorMessage(), "does not exist") {
			return NotFound
		}
		return byStatus(err)
	}
	if strings.Contains(err.Error(), "failed to refresh cached credentials") {
		return NoWayIn
	}
	return byStatus(err)
}

// onTheWay tells what became of a request that no service of AWS answered, and
// Other of one that a service did.
func onTheWay(err error) Kind {
	if _, ok := errors.AsType[*foreignAnswerError](err); ok {
		return NotAWS
	}
	if unreadable(err) {
		return NotAWS
	}
	if _, ok := errors.AsType[smithy.APIError](err); ok {
		return Other
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return Untrusted
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return ClockSkew // AWS renews its certificates in time
	}
	e, ok := errors.AsType[net.Error](err)
	if _, file := e.(syscall.Errno); ok && !file { // an errno of the network comes in a *net.OpError, one of the disk in none
		return Unreachable
	}
	return Other
}

// NoSuchHost tells whether a request ended because its host has no address.
func NoSuchHost(err error) bool {
	e, ok := errors.AsType[*net.DNSError](err)
	return ok && e.IsNotFound
}

// unreadable recognises an answer without a request id in which the SDK found
// neither what it should hold nor the code of an error.
func unreadable(err error) bool {
	response, ok := errors.AsType[*awshttp.ResponseError](err)
	if !ok || response.ServiceRequestID() != "" {
		return false
	}
	_, other := errors.AsType[*smithy.DeserializationError](err)
	api, ok := errors.AsType[smithy.APIError](err)
	return other || ok && api.ErrorCode() == "UnknownError"
}

// sessionEnded recognises a session of SSO or of `aws login` that has run out or
// was never begun. The SDK has a type for SSO profiles with an sso_start_url of
// their own; for those with an sso_session, and for logins, there is only text
// (credentials v1.20: ssocreds.SSOTokenProvider, logincreds.Provider).
func sessionEnded(err error) bool {
	if _, ok := errors.AsType[*fs.PathError](err); ok && !errors.Is(err, fs.ErrNotExist) {
		return false // the session's file cannot be read
	}
	if _, ok := errors.AsType[*ssocreds.InvalidTokenError](err); ok {
		return true
	}
	return containsAny(err.Error(), "cached SSO token failed", "failed to read cached SSO token", "please reauthenticate")
}

// skewed recognises a signature that is too old or too new, which all services
// but S3 report under the code of a wrong signature (aws/aws-cli#6676).
func skewed(api smithy.APIError) bool {
	message := api.ErrorMessage()
	return strings.HasPrefix(message, "Signature expired:") || strings.HasPrefix(message, "Signature not yet current:")
}

// byStatus reads the HTTP status where the code says nothing: HEAD requests
// answer without a body, so S3 cannot send a code.
func byStatus(err error) Kind {
	response, ok := errors.AsType[*awshttp.ResponseError](err)
	if !ok {
		return Other
	}
	switch response.HTTPStatusCode() {
	case 403:
		return Denied
	case 404:
		return NotFound
	case 429:
		return Throttled
	}
	return Other
}

// chainEnded recognises the end of the credential chain, for which the SDK
// has no type (config v1.33: errors of the IMDS provider, the last in the chain).
func chainEnded(err error) bool {
	return containsAny(err.Error(), "no EC2 IMDS role found", "static credentials are empty")
}

func containsAny(text string, parts ...string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
}

// IsNotFound is KindOf(err) == NotFound, the question asked most often.
func IsNotFound(err error) bool { return KindOf(err) == NotFound }

// Refused tells whether a service has answered and refused: what it was asked
// for is not done. Of a lost connection or a fault of the service's own (5xx)
// nobody can tell.
func Refused(err error) bool {
	response, ok := errors.AsType[*awshttp.ResponseError](err)
	return ok && response.HTTPStatusCode()/100 == 4
}

// Code is AWS's word for what is wrong, as "AccessDenied"; "" if the error is not AWS's.
func Code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// Hopeless tells whether after an error other calls like this one would fail as
// well, so that going through a list ends. A NotAuthorizedException is Cognito's
// word on one user, IAM's is another.
func Hopeless(err error) bool {
	if Code(err) == "NotAuthorizedException" {
		return false
	}
	switch KindOf(err) {
	case Denied, Expired, NoCredentials, BadCredentials, ClockSkew, Unreachable, Interrupted:
		return true
	}
	return false
}

// RequestID returns the AWS request id that err carries, or "".
func RequestID(err error) string {
	if response, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		return response.ServiceRequestID()
	}
	return ""
}

// Message returns what the service said, without the SDK's wrapping, or err's own text.
func Message(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorMessage() != "" {
		return api.ErrorMessage()
	}
	return err.Error()
}

// deniedAction knows the two wordings of a missing permission: IAM's own, and
// CloudFormation's short one for resources of S3 and others of its older
// handlers (buildkite/elastic-ci-stack-for-aws#1116).
var deniedAction = regexp.MustCompile(`not authorized to perform:? ([a-zA-Z0-9-]+:[a-zA-Z0-9*]+)|API: ([a-z0-9-]+:[a-zA-Z]+) Access Denied`)

// DeniedAction returns the action that a message of AWS says is not allowed
// ("s3:CreateBucket"), or "".
func DeniedAction(message string) string {
	if m := deniedAction.FindStringSubmatch(message); m != nil {
		return m[1] + m[2]
	}
	return ""
}
