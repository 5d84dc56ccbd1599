package cloud

import (
	"context"
	"fmt"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"
)

// addPlainKeys has S3 list keys in URL encoding and decodes them: in XML, which
// its lists are, keys with control characters cannot be read (S3 API reference,
// ListObjectVersions, EncodingType). The callers see keys and markers as they are.
func addPlainKeys(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("renpyctlPlainKeys",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
			middleware.InitializeOutput, middleware.Metadata, error) {
			in.Parameters = inURLEncoding(in.Parameters)
			out, metadata, err := next.HandleInitialize(ctx, in)
			if err == nil {
				err = decodeKeys(out.Result)
			}
			return out, metadata, err
		}), middleware.Before)
}

// inURLEncoding returns a list's input that asks for URL encoding, and every other one as it is.
func inURLEncoding(input any) any {
	switch in := input.(type) {
	case *s3.ListObjectsV2Input:
		list := *in
		list.EncodingType = types.EncodingTypeUrl
		return &list
	case *s3.ListObjectVersionsInput:
		list := *in
		list.EncodingType = types.EncodingTypeUrl
		return &list
	case *s3.ListMultipartUploadsInput:
		list := *in
		list.EncodingType = types.EncodingTypeUrl
		return &list
	}
	return input
}

// decodeKeys decodes what this program reads of a list, if S3 says that it is
// encoded. Emulators may not know of it.
func decodeKeys(output any) error {
	var encoding types.EncodingType
	var keys []**string
	switch out := output.(type) {
	case *s3.ListObjectsV2Output:
		encoding = out.EncodingType
		for i := range out.Contents {
			keys = append(keys, &out.Contents[i].Key)
		}
	case *s3.ListObjectVersionsOutput:
		encoding = out.EncodingType
		keys = append(keys, &out.NextKeyMarker)
		for i := range out.Versions {
			keys = append(keys, &out.Versions[i].Key)
		}
		for i := range out.DeleteMarkers {
			keys = append(keys, &out.DeleteMarkers[i].Key)
		}
	case *s3.ListMultipartUploadsOutput:
		encoding = out.EncodingType
		keys = append(keys, &out.NextKeyMarker)
		for i := range out.Uploads {
			keys = append(keys, &out.Uploads[i].Key)
		}
	}
	if encoding != types.EncodingTypeUrl {
		return nil
	}
	for _, key := range keys {
		if *key == nil {
			continue // there is no next page
		}
		plain, err := url.QueryUnescape(**key) // a space comes as +, as botocore reads it too
		if err != nil {
			return fmt.Errorf("S3 lists a key that is not in the encoding it names: %w", err)
		}
		*key = &plain
	}
	return nil
}
