//go:build e2e && (linux || darwin)

package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// lie answers a call in place of the local cloud, which truth has carry it out.
type lie func(c call, truth func() said) said

// said is an answer.
type said struct {
	status int
	header http.Header
	body   []byte
	cut    bool // the connection breaks in the middle of it
}

func (s said) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), s.header)
	w.Header().Set("Content-Length", strconv.Itoa(len(s.body)))
	w.WriteHeader(s.status)
	if s.cut {
		w.Write(s.body[:len(s.body)/2])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	w.Write(s.body)
}

// lied starts a recorder that lies before the local cloud.
func lied(t *testing.T, l lie) *recorder { return startRecorder(t, &recorder{lies: l}, endpoint) }

// The lies. Each is about any call.

// swallowed accepts what it never carries out.
func swallowed(c call, _ func() said) said {
	return said{status: http.StatusOK, header: http.Header{"Content-Type": {"text/xml"}}, body: fmt.Appendf(nil,
		`<%[1]sResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><%[1]sResult/><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></%[1]sResponse>`, c.operation)}
}

// refused says no as CloudFormation does.
func refused(status int, code, message string) lie {
	return func(call, func() said) said {
		return said{status: status, header: http.Header{"Content-Type": {"text/xml"}}, body: fmt.Appendf(nil,
			`<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>1</RequestId></ErrorResponse>`, code, message)}
	}
}

// foreign answers as a hotel's network does.
func foreign(status int) lie {
	return func(call, func() said) said {
		return said{status: status, header: http.Header{"Content-Type": {"text/html"}}, body: []byte("<html><body>Please accept our terms</body></html>")}
	}
}

// delayed tells the truth late.
func delayed(d time.Duration) lie {
	return func(c call, truth func() said) said {
		select {
		case <-time.After(d):
		case <-c.givenUp:
		}
		return truth()
	}
}

// cut tells half of the truth.
func cut(_ call, truth func() said) said {
	s := truth()
	s.cut = true
	return s
}

// some lies about so many calls of an operation: once the change set is executed
// if meanwhile, and from the first one on otherwise.
func some(operation string, times int, meanwhile bool, l lie) lie {
	var mu sync.Mutex
	executed := false
	return func(c call, truth func() said) said {
		mu.Lock()
		lies := c.operation == operation && times > 0 && (executed || !meanwhile)
		if lies {
			times--
		}
		executed = executed || c.operation == "ExecuteChangeSet"
		mu.Unlock()
		if lies {
			return l(c, truth)
		}
		return truth()
	}
}

// stale answers an operation so many times, once the change set is executed, as it
// was answered first.
func stale(operation string, times int) lie {
	var first atomic.Pointer[said]
	again := some(operation, times, true, func(call, func() said) said { return *first.Load() })
	return func(c call, truth func() said) said {
		s := again(c, truth)
		if c.operation == operation {
			first.CompareAndSwap(nil, &s)
		}
		return s
	}
}

// TestLies: an update through a connection that lies once or for a while ends in
// what is true: deployed, or taken back with the release before still live.
func TestLies(t *testing.T) {
	t.Parallel()
	unknown := refused(http.StatusBadRequest, "ValidationError", "Stack [x] does not exist")
	noChangeSet := refused(http.StatusNotFound, "ChangeSetNotFound", "ChangeSet [x] does not exist")
	expired := refused(http.StatusForbidden, "ExpiredToken", "The security token included in the request is expired")
	for what, c := range map[string]struct {
		lie  lie
		code int
		says string
	}{
		"the execution is swallowed":        {some("ExecuteChangeSet", 99, false, swallowed), 5, "not begun it"},
		"its answer is cut":                 {some("ExecuteChangeSet", 1, false, cut), 0, ""},
		"its answer is lost in a fault":     {some("ExecuteChangeSet", 1, false, func(c call, truth func() said) said { truth(); return foreign(502)(c, nil) }), 0, ""},
		"the change set is unknown":         {some("DescribeChangeSet", 2, false, noChangeSet), 0, ""},
		"and when it is executed":           {some("ExecuteChangeSet", 1, false, noChangeSet), 0, ""},
		"the events are unknown":            {some("DescribeStackEvents", 2, true, unknown), 0, ""},
		"the events are cut":                {some("DescribeStackEvents", 1, true, cut), 0, ""},
		"the events are delayed":            {some("DescribeStackEvents", 1, true, delayed(3*time.Second)), 0, ""},
		"the events are a web page":         {some("DescribeStackEvents", 2, true, foreign(200)), 0, "is asked again"},
		"and a forbidden one":               {some("DescribeStackEvents", 2, true, foreign(403)), 0, "is asked again"},
		"the session has run out":           {some("DescribeStackEvents", 3, true, expired), 0, "is asked again"},
		"the stack is unknown":              {some("DescribeStacks", 2, true, unknown), 0, ""},
		"the stack is the one before":       {stale("DescribeStacks", 3), 0, ""},
		"the stack is delayed":              {some("DescribeStacks", 1, true, delayed(3*time.Second)), 0, ""},
		"everything is delayed by a moment": {delayed(100 * time.Millisecond), 0, ""},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			account := newAccount(t)
			s := deployBy(t, throughEndpoint(endpoint, account), "lied")
			by := throughEndpoint(lied(t, c.lie).URL, account)
			r := by.run(t, "deploy", "--stage", s.name, "--yes", "--set", "LogRetentionDays=7").exits(t, c.code).says(t, c.says)
			want := "2 deploy live, 1 deploy"
			if c.code != 0 {
				want = "2 deploy failed, 1 deploy live"
			}
			if got := s.history(t); got != want {
				t.Errorf("the releases are %s, want %s\n%s", got, want, r.stderr)
			}
			s.run(t, "deploy", "--yes", "--set", "LogRetentionDays=7").exits(t, 0)
			s.run(t, "remove", "--yes").exits(t, 0)
		})
	}
}
