package cloud

import (
	"context"
	"io"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// addPlainBody hides the WriteTo of every request's body. smithy closes a body
// as soon as there is an answer, while net/http may still be copying what is
// behind its announced end, which is nothing: the WriteTo of a closed body says
// io.EOF then, where Read says so as a matter of course, net/http drops the
// connection under the answer, and the call is made again a second later
// (aws-sdk-go-v2#1825, #2737). It is a middleware and no HTTP client of our own,
// since the SDK gives AWS_CA_BUNDLE and its timeouts only to its own client.
func addPlainBody(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("renpyctlPlainBody",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
			middleware.DeserializeOutput, middleware.Metadata, error) {
			if request, ok := in.Request.(*smithyhttp.Request); ok {
				plain, err := withPlainBody(request)
				if err != nil {
					return middleware.DeserializeOutput{}, middleware.Metadata{}, err
				}
				in.Request = plain
			}
			return next.HandleDeserialize(ctx, in)
		}), middleware.After)
}

func withPlainBody(request *smithyhttp.Request) (*smithyhttp.Request, error) {
	body := request.GetStream()
	if _, ok := body.(io.WriterTo); !ok {
		return request, nil
	}
	if seeker, ok := body.(io.ReadSeeker); ok { // as which the next try rewinds it
		return request.SetStream(struct{ io.ReadSeeker }{seeker})
	}
	return request.SetStream(struct{ io.Reader }{body})
}
