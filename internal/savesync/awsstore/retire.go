package awsstore

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"net/url"
)

// Retire sends one DeleteObjects request. It names no versions, so S3 deletes
// nothing and puts delete markers. Keys that fail fail the call: S3 says so in an
// answer of status 200.
func (o *Objects) Retire(ctx context.Context, keys []string) error {
	if len(keys) == 0 {
		return nil // S3 takes no empty list
	}
	type object struct{ Key string }
	body := struct {
		XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ Delete"`
		Quiet   bool     // the answer names only what failed
		Objects []object `xml:"Object"`
	}{Quiet: true}
	for _, key := range keys {
		body.Objects = append(body.Objects, object{key})
	}
	text, err := xml.Marshal(body)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	r := request{method: http.MethodPost, body: string(text), header: http.Header{
		"Content-Type": {"application/xml"},
		// S3 wants a checksum beside the one that is signed, as the SDK sends it.
		"X-Amz-Checksum-Sha256":        {base64.StdEncoding.EncodeToString(sum[:])},
		"X-Amz-Sdk-Checksum-Algorithm": {"SHA256"},
	}}
	return o.send(ctx, r, "", url.Values{"delete": {""}}, failedKeys)
}

// failedKeys returns the error of a DeleteObjects request that failed for some key,
// without the key. One that no repetition mends goes before the others.
func failedKeys(resp *http.Response) error {
	var result struct {
		XMLName xml.Name                `xml:"DeleteResult"`
		Errors  []struct{ Code string } `xml:"Error"`
	}
	if err := xml.NewDecoder(resp.Body).Decode(&result); err != nil {
		return err
	}
	var failed error
	for _, e := range result.Errors {
		err := &callError{service: "s3", status: resp.StatusCode, code: e.Code, requestID: resp.Header.Get("X-Amz-Request-Id")}
		if failed == nil || transient(failed) {
			failed = err
		}
	}
	return failed
}
