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
// It also counts what is sent, for [addDeadline] and [WithSent].
func addPlainBody(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("renpyctlPlainBody",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
			middleware.DeserializeOutput, middleware.Metadata, error) {
			if request, ok := in.Request.(*smithyhttp.Request); ok {
				plain, err := withPlainBody(ctx, request)
				if err != nil {
					return middleware.DeserializeOutput{}, middleware.Metadata{}, err
				}
				in.Request = plain
			}
			return next.HandleDeserialize(ctx, in)
		}), middleware.After)
}

func withPlainBody(ctx context.Context, request *smithyhttp.Request) (*smithyhttp.Request, error) {
	body := request.GetStream()
	if body == nil {
		return request, nil
	}
	plain := &plainBody{body: body}
	plain.moved, _ = ctx.Value(movedKey{}).(func())
	plain.sent, _ = ctx.Value(sentKey{}).(func(int64))
	if seeker, ok := body.(io.Seeker); ok { // as which the next try rewinds it
		return request.SetStream(struct {
			io.Reader
			io.Seeker
		}{plain, seeker})
	}
	return request.SetStream(struct{ io.Reader }{plain})
}

// plainBody is the body of one try as the network reads it.
type plainBody struct {
	body  io.Reader
	read  int64
	moved func()      // nil if nobody limits the call
	sent  func(int64) // nil if nobody asks
}

func (b *plainBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	b.read += int64(n)
	if n > 0 && b.moved != nil {
		b.moved()
	}
	if n > 0 && b.sent != nil {
		b.sent(b.read)
	}
	return n, err
}
