package cloud

import (
	"errors"

	"github.com/aws/smithy-go"
)

// Passing tells whether it may help to ask again later, for somebody who waits
// anyway: AWS cannot be reached, has a fault of its own (5xx), or asks to slow
// down; something in between answers for it; or a session has run out, which can
// be begun anew beside the program. What a service itself refuses it refuses again.
func Passing(err error) bool {
	switch KindOf(err) {
	case Throttled, Expired:
		return true
	case Interrupted:
		return false
	}
	api, ok := errors.AsType[smithy.APIError](err)
	byAWS := ok && api.ErrorCode() != "UnknownError" // as the SDK names an answer without a code
	return !byAWS || !Refused(err)
}
