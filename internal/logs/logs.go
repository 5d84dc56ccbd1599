// Package logs reads CloudWatch log groups: a period of them ([Read]), or on and
// on ([Follow]), and what their lines mean ([Parse]).
//
// Following asks FilterLogEvents again and again. Live Tail is left out on
// purpose: its events have no ids, busy streams come sampled, and it is billed by
// the minute.
package logs

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cwl "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// Client is the part of the CloudWatch Logs API that this package uses.
type Client interface{ cwl.FilterLogEventsAPIClient }

var _ Client = (*cwl.Client)(nil)

// Source is a log group and the short name that people know it by.
type Source struct{ Name, Group string }

// Query chooses entries.
type Query struct {
	Since   time.Time // the first instant
	Until   time.Time // the end, which is not included; zero for none
	Pattern string    // a filter pattern of CloudWatch Logs; "" for all
}

// Entry is one logged line.
type Entry struct {
	ID      string // "" where the service gives none
	Time    time.Time
	Source  string // the source's short name
	Stream  string
	Message string
	Late    bool // it came to light when younger ones had been told already

	known int64 // see [known]
}

// Gap is a source that a look could not read, or not to its end. A group that
// does not exist is a gap too ([cloud.IsNotFound]).
type Gap struct {
	Source string
	Err    error
}

// Listener is told what is found, from one goroutine. The error of a method ends
// the reading, which returns it.
type Listener interface {
	Entry(Entry) error
	// Looked is told after each look which sources cannot be read by now, in their
	// order. All that was found before has been told.
	Looked([]Gap) error
}

func entry(source string, e *types.FilteredLogEvent) Entry {
	message := aws.ToString(e.Message)
	for len(message) > 0 && message[len(message)-1] == '\n' {
		message = message[:len(message)-1]
	}
	return Entry{
		ID: aws.ToString(e.EventId), Time: time.UnixMilli(aws.ToInt64(e.Timestamp)), Source: source,
		Stream: aws.ToString(e.LogStreamName), Message: message, known: known(e),
	}
}

// known is a time, in Unix milliseconds, that had come when CloudWatch took the
// event. Events may be dated up to two hours ahead (API reference, PutLogEvents),
// and this computer's clock may be wrong.
func known(e *types.FilteredLogEvent) int64 {
	by := aws.ToInt64(e.IngestionTime)
	if by == 0 {
		by = time.Now().UnixMilli()
	}
	return min(aws.ToInt64(e.Timestamp), by)
}

func gapError(s Source, err error) error { return fmt.Errorf("read log group %s: %w", s.Group, err) }
