package awsfake

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// Wire answers the calls that a program makes without the SDK, as package awsstore makes
// them, as if they had come through it: of DynamoDB GetItem and UpdateItem with texts and
// numbers, of S3 ListObjectVersions. It is an
// [aws.HTTPClient] and a [http.RoundTripper].
type Wire struct {
	answer func(context.Context, Call) (any, error)
}

// Wire returns what answers such calls as the fake does.
func (f *Fake) Wire() Wire { return Wire{f.answer} }

// Wire returns what answers such calls by the script.
func (s *Script) Wire() Wire { return Wire{s.answer} }

// Do implements [aws.HTTPClient].
func (w Wire) Do(r *http.Request) (*http.Response, error) { return w.RoundTrip(r) }

// RoundTrip implements [http.RoundTripper].
func (w Wire) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	var answer []byte
	switch {
	case operation == "GetItem":
		answer, err = ask(w, r, Call{"DynamoDB", operation, getItem(body)}, writeItem)
	case operation == "UpdateItem":
		answer, err = ask(w, r, Call{"DynamoDB", operation, updateItem(body)}, func(*dynamodb.UpdateItemOutput) ([]byte, error) { return []byte("{}"), nil })
	case r.Method == http.MethodGet && r.URL.Query().Has("versions"):
		answer, err = ask(w, r, Call{"S3", "ListObjectVersions", listVersions(r.URL)}, writeVersions)
	default:
		return nil, fmt.Errorf("awsfake: nobody answers %s %s%s", r.Method, r.URL, operation)
	}
	if refusal, ok := errors.AsType[Error](err); ok {
		return refuse(r, refusal), nil
	}
	if refusal, ok := errors.AsType[smithy.APIError](err); ok { // of a script, after all attempts
		return refuse(r, Error{Code: refusal.ErrorCode(), Message: refusal.ErrorMessage()}), nil
	}
	if err != nil {
		return nil, err
	}
	return respond(r, http.StatusOK, answer), nil
}

// ask has a call answered, and the answer written.
func ask[Out any](w Wire, r *http.Request, c Call, write func(*Out) ([]byte, error)) ([]byte, error) {
	out, err := w.answer(r.Context(), c)
	if err != nil {
		return nil, err
	}
	return write(out.(*Out))
}

func respond(r *http.Request, status int, body []byte) *http.Response {
	return &http.Response{
		StatusCode: status, Header: http.Header{}, Request: r,
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}
}

// refuse writes an error in the forms of both services.
func refuse(r *http.Request, e Error) *http.Response {
	status := e.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	if r.Header.Get("X-Amz-Target") == "" {
		return respond(r, status, fmt.Appendf(nil, "<Error><Code>%s</Code><Message>%s</Message></Error>", e.Code, e.Message))
	}
	body, _ := json.Marshal(map[string]string{"__type": e.Code, "message": e.Message})
	return respond(r, status, body)
}

// value is an attribute in DynamoDB's JSON.
type value struct {
	S *string `json:",omitempty"`
	N *string `json:",omitempty"`
}

func readValues(values map[string]value) map[string]ddb.AttributeValue {
	list := map[string]ddb.AttributeValue{}
	for name, v := range values {
		if v.N != nil {
			list[name] = &ddb.AttributeValueMemberN{Value: *v.N}
		} else {
			list[name] = &ddb.AttributeValueMemberS{Value: aws.ToString(v.S)}
		}
	}
	return list
}

func getItem(body []byte) *dynamodb.GetItemInput {
	var in struct {
		TableName      string
		Key            map[string]value
		ConsistentRead bool
	}
	_ = json.Unmarshal(body, &in) // what is missing is missed by who answers
	return &dynamodb.GetItemInput{TableName: &in.TableName, Key: readValues(in.Key), ConsistentRead: &in.ConsistentRead}
}

func updateItem(body []byte) *dynamodb.UpdateItemInput {
	var in struct {
		TableName, UpdateExpression, ConditionExpression string
		Key, ExpressionAttributeValues                   map[string]value
		ExpressionAttributeNames                         map[string]string
	}
	_ = json.Unmarshal(body, &in)
	return &dynamodb.UpdateItemInput{
		TableName: &in.TableName, Key: readValues(in.Key), UpdateExpression: &in.UpdateExpression, ConditionExpression: &in.ConditionExpression,
		ExpressionAttributeNames: in.ExpressionAttributeNames, ExpressionAttributeValues: readValues(in.ExpressionAttributeValues),
	}
}

func writeItem(out *dynamodb.GetItemOutput) ([]byte, error) {
	item := map[string]value{}
	for name, v := range out.Item {
		switch v := v.(type) {
		case *ddb.AttributeValueMemberS:
			item[name] = value{S: &v.Value}
		case *ddb.AttributeValueMemberN:
			item[name] = value{N: &v.Value}
		}
	}
	return json.Marshal(map[string]any{"Item": item})
}

func listVersions(u *url.URL) *s3.ListObjectVersionsInput {
	bucket, _, _ := strings.Cut(u.Host, ".")
	if path := strings.Trim(u.Path, "/"); path != "" {
		bucket = path
	}
	return &s3.ListObjectVersionsInput{Bucket: &bucket, Prefix: aws.String(u.Query().Get("prefix"))}
}

func writeVersions(out *s3.ListObjectVersionsOutput) ([]byte, error) {
	type entry struct {
		XMLName      xml.Name
		Key          *string
		VersionID    *string `xml:"VersionId"`
		IsLatest     bool
		Size         int64
		LastModified string `xml:",omitempty"`
	}
	page := struct {
		XMLName xml.Name `xml:"ListVersionsResult"`
		Entries []entry
	}{}
	const form = "2006-01-02T15:04:05.000Z"
	for _, v := range out.Versions {
		page.Entries = append(page.Entries, entry{
			xml.Name{Local: "Version"}, v.Key, v.VersionId, aws.ToBool(v.IsLatest), aws.ToInt64(v.Size), aws.ToTime(v.LastModified).UTC().Format(form),
		})
	}
	for _, m := range out.DeleteMarkers {
		page.Entries = append(page.Entries, entry{
			XMLName: xml.Name{Local: "DeleteMarker"}, Key: m.Key, VersionID: m.VersionId, IsLatest: aws.ToBool(m.IsLatest), LastModified: aws.ToTime(m.LastModified).UTC().Format(form),
		})
	}
	return xml.Marshal(page)
}
