package players

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"reflect"
	"strings"

	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// wire is what a pool's description says beyond what this SDK knows. Cognito
// learns settings before the SDK does (DcrConfiguration and others in 2026), and
// an update that leaves one out resets it.
type wire struct{ unknown map[string]any }

// read is an option of DescribeUserPool: it keeps what the SDK drops.
func (w *wire) read(o *idp.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("renpyctlUnknownSettings",
			func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
				middleware.DeserializeOutput, middleware.Metadata, error) {
				out, metadata, err := next.HandleDeserialize(ctx, in)
				if response, ok := out.RawResponse.(*smithyhttp.Response); ok && err == nil {
					err = w.readFrom(response)
				}
				return out, metadata, err
			}), middleware.After)
	})
}

// readFrom leaves the response's body to be read again.
func (w *wire) readFrom(response *smithyhttp.Response) error {
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	var description struct{ UserPool map[string]any }
	if decodeExactly(body, &description) == nil { // an answer that is no JSON is the SDK's to refuse
		w.unknown, _ = beyond(reflect.TypeFor[types.UserPoolType](), description.UserPool).(map[string]any)
		maps.DeleteFunc(w.unknown, func(name string, _ any) bool { return onlyDescribed(name) })
	}
	return nil
}

// onlyDescribed tells of a pool's member that no update takes.
func onlyDescribed(name string) bool {
	_, described := fieldOf(reflect.TypeFor[types.UserPoolType](), name)
	_, updated := fieldOf(reflect.TypeFor[idp.UpdateUserPoolInput](), name)
	return described && !updated
}

// addUnknown is an option of UpdateUserPool: it sends what was read, as it was.
func (w *wire) addUnknown(o *idp.Options) {
	if len(w.unknown) == 0 {
		return
	}
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Build.Add(middleware.BuildMiddlewareFunc("renpyctlUnknownSettings",
			func(ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler) (
				middleware.BuildOutput, middleware.Metadata, error) {
				request, err := w.addTo(in.Request.(*smithyhttp.Request))
				if err != nil {
					return middleware.BuildOutput{}, middleware.Metadata{}, fmt.Errorf("send back the settings that this program does not know: %w", err)
				}
				in.Request = request
				return next.HandleBuild(ctx, in)
			}), middleware.Before)
	})
}

func (w *wire) addTo(request *smithyhttp.Request) (*smithyhttp.Request, error) {
	body, err := io.ReadAll(request.GetStream())
	if err != nil {
		return nil, err
	}
	var sent any
	if err := decodeExactly(body, &sent); err != nil {
		return nil, err
	}
	if body, err = json.Marshal(joined(sent, w.unknown)); err != nil {
		return nil, err
	}
	return request.SetStream(bytes.NewReader(body))
}

// decodeExactly keeps numbers as they are written.
func decodeExactly(body []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	return decoder.Decode(into)
}

// beyond returns the part of a JSON value that a type of the SDK has no fields
// for, nil if there is none. A list keeps its length, with nil for what is known.
func beyond(known reflect.Type, value any) any {
	for known.Kind() == reflect.Pointer {
		known = known.Elem()
	}
	switch v := value.(type) {
	case map[string]any:
		if known.Kind() == reflect.Struct {
			return unknownMembers(known, v)
		}
	case []any:
		if known.Kind() != reflect.Slice {
			return nil
		}
		rest, found := make([]any, len(v)), false
		for i := range v {
			rest[i] = beyond(known.Elem(), v[i])
			found = found || rest[i] != nil
		}
		if found {
			return rest
		}
	}
	return nil
}

func unknownMembers(known reflect.Type, members map[string]any) any {
	rest := map[string]any{}
	for name, value := range members {
		if field, ok := fieldOf(known, name); ok {
			value = beyond(field.Type, value)
		}
		if value != nil {
			rest[name] = value
		}
	}
	if len(rest) == 0 {
		return nil
	}
	return rest
}

// fieldOf finds the SDK's field of a member: they are called alike.
func fieldOf(known reflect.Type, name string) (reflect.StructField, bool) {
	return known.FieldByNameFunc(func(f string) bool { return strings.EqualFold(f, name) })
}

// joined adds to a JSON value what [beyond] took of another of the same form.
func joined(value, rest any) any {
	switch r := rest.(type) {
	case nil:
		return value
	case map[string]any:
		v, _ := value.(map[string]any)
		if v == nil {
			return r
		}
		for name := range r {
			v[name] = joined(v[name], r[name])
		}
		return v
	case []any:
		v, _ := value.([]any)
		for i := range min(len(v), len(r)) {
			v[i] = joined(v[i], r[i])
		}
		return v
	}
	return rest
}
