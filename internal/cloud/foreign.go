package cloud

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// foreignAnswerError says that a web page came where AWS's answer should have: a
// web filter, a proxy or a Wi-Fi's sign-in page has answered in AWS's place.
type foreignAnswerError struct {
	host   string // that was asked
	status string // "403 Forbidden"
	by     string // what it says of itself: the Server header, or ""
	title  string // of the page, or ""
}

func (e *foreignAnswerError) Error() string {
	text := fmt.Sprintf("not AWS but something on the way to %s answered: %s", e.host, e.status)
	if e.by != "" {
		text += ", by " + e.by
	}
	if e.title != "" {
		text += fmt.Sprintf(", %q", e.title)
	}
	return text
}

// addForeignAnswers fails calls that a web page answers, whatever its status: S3
// takes any 200 without a look at its body for a success.
func addForeignAnswers(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("renpyctlForeignAnswers",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
			middleware.DeserializeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleDeserialize(ctx, in)
			if answer, ok := out.RawResponse.(*smithyhttp.Response); ok && err == nil {
				err = foreign(answer.Response)
			}
			return out, metadata, err
		}), middleware.After)
}

// requestIDs are the headers of which every answer of AWS has one.
var requestIDs = []string{"X-Amz-Request-Id", "X-Amzn-Requestid", "X-Amz-Id-2", "X-Amz-Cf-Id"}

// pageStart is how much of an answer is looked at.
const pageStart = 4096

var (
	webPage   = regexp.MustCompile(`(?i)^\s*(<!doctype\s+html|<html)`)
	pageTitle = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)
)

// foreign returns a *foreignAnswerError for an answer that is a web page and has
// no request id of AWS. The answer can be read from its beginning afterwards.
func foreign(answer *http.Response) error {
	ours := slices.ContainsFunc(requestIDs, func(name string) bool { return answer.Header.Get(name) != "" })
	if ours || !strings.Contains(answer.Header.Get("Content-Type"), "html") {
		return nil
	}
	start, err := io.ReadAll(io.LimitReader(answer.Body, pageStart))
	if err != nil {
		return err
	}
	answer.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(start), answer.Body), answer.Body}
	if !webPage.Match(start) && !pageNotSent(answer) { // emulators call all they say HTML
		return nil
	}
	e := &foreignAnswerError{host: hostAsked(answer), status: answer.Status, by: answer.Header.Get("Server")}
	if title := pageTitle.FindSubmatch(start); title != nil {
		e.title = OneLine(string(title[1]))
	}
	return e
}

// pageNotSent recognises a web page of which HEAD asked for nothing but the
// header. Emulators say so of a bucket that does not exist.
func pageNotSent(answer *http.Response) bool {
	return answer.Request != nil && answer.Request.Method == http.MethodHead && answer.StatusCode >= 400 && answer.StatusCode != http.StatusNotFound
}

// hostAsked is the host that the request went to.
func hostAsked(answer *http.Response) string {
	if answer.Request == nil || answer.Request.URL == nil {
		return "AWS"
	}
	return answer.Request.URL.Host
}
