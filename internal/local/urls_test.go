package local

import "testing"

func TestAPIBase(t *testing.T) {
	const endpoint = "http://127.0.0.1:4566"
	for _, test := range []struct{ endpoint, output, want string }{
		{endpoint, "http://1a2b3c4d.execute-api.localhost:4566", endpoint + "/_aws/execute-api/1a2b3c4d/$default"},
		{endpoint + "/", "http://1a2b3c4d.execute-api.localhost:4566/", endpoint + "/_aws/execute-api/1a2b3c4d/$default"},
		{endpoint, "http://1a2b3c4d.execute-api.localhost:4566/v1", endpoint + "/_aws/execute-api/1a2b3c4d/v1"},
		// The port may be another by now; the endpoint knows.
		{"http://127.0.0.1:4570", "http://1a2b3c4d.execute-api.localhost:4566", "http://127.0.0.1:4570/_aws/execute-api/1a2b3c4d/$default"},

		{endpoint, "https://1a2b3c4d.execute-api.eu-west-1.amazonaws.com", "https://1a2b3c4d.execute-api.eu-west-1.amazonaws.com"},
		{endpoint, "https://api.example.org/x", "https://api.example.org/x"},
		{endpoint, "http://execute-api.localhost:4566", "http://execute-api.localhost:4566"},
		{endpoint, "http://.execute-api.localhost:4566", "http://.execute-api.localhost:4566"},
		{endpoint, "http://a.execute-api.localhost.example.org", "http://a.execute-api.localhost.example.org"},
		{endpoint, "::not a url", "::not a url"},
		{endpoint, "", ""},
	} {
		if got := APIBase(test.endpoint, test.output); got != test.want {
			t.Errorf("APIBase(%q, %q) = %q, want %q", test.endpoint, test.output, got, test.want)
		}
	}
}
