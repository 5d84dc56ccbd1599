package local

import (
	"net/url"
	"strings"
)

// APIBase returns the address at which programs on this machine reach the HTTP
// API that a stack's output names. MiniStack's output has the form
// "http://ID.execute-api.localhost:4566", and many programs cannot resolve such
// a name (Python on Linux); it serves the same API under its endpoint, at
// "http://127.0.0.1:4566/_aws/execute-api/ID/$default" (app.py,
// _parse_execute_api_url). Any other output, such as AWS's, is returned as it is.
func APIBase(endpoint, apiEndpointOutput string) string {
	u, err := url.Parse(apiEndpointOutput)
	if err != nil {
		return apiEndpointOutput
	}
	id, domain, _ := strings.Cut(u.Hostname(), ".")
	if id == "" || domain != "execute-api.localhost" {
		return apiEndpointOutput
	}
	stage := strings.Trim(u.Path, "/")
	if stage == "" {
		stage = "$default"
	}
	return strings.TrimRight(endpoint, "/") + "/_aws/execute-api/" + id + "/" + stage
}
