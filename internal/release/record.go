package release

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// Kind is what made a release.
type Kind string

// The kinds of releases.
const (
	Deploy       Kind = "deploy"
	Rollback     Kind = "rollback"
	FunctionOnly Kind = "function" // code of single functions, past CloudFormation
)

// Record is what is known of a release when it begins. It is written once and
// never changed; how it went is an [Outcome] of its own.
type Record struct {
	Number     int               `json:"number"`
	Kind       Kind              `json:"kind"`
	Origin     int               `json:"origin,omitempty"` // of a rollback: the release it went back to
	Time       time.Time         `json:"time"`
	By         string            `json:"by"`      // ARN of who ran it
	Version    string            `json:"version"` // of renpyctl
	Commit     string            `json:"commit,omitempty"`
	CI         string            `json:"ci,omitempty"` // address of the CI run
	StackID    string            `json:"stackId"`
	Template   string            `json:"template"`          // key in the artefact bucket
	Code       map[string]string `json:"code"`              // function's name to key in the artefact bucket
	Parameters map[string]string `json:"parameters"`        // of the stack, its release number and history left out
	RoleARN    string            `json:"roleArn,omitempty"` // that CloudFormation was to work as from then on
}

// Result is how a release went.
type Result string

// The results of releases. Unknown stands for a run that was cut off: the stack tells.
const (
	Unknown   Result = ""
	Succeeded Result = "succeeded"
	Failed    Result = "failed"
)

// Outcome is how a release ended. It is written once.
type Outcome struct {
	Result Result    `json:"result"`
	Reason string    `json:"reason,omitempty"`
	Time   time.Time `json:"time,omitzero"`
	// Functions is what Lambda said it ran right after a success, by the
	// functions' short names, for people to look at.
	Functions json.RawMessage `json:"functions,omitempty"`
}

// Release is a record with its outcome.
type Release struct {
	Record
	Outcome Outcome `json:"outcome"`
	// Proven says that the stack has been this release, as it tells itself: its
	// record is the one that was deployed. Of any other nobody knows who wrote it.
	Proven bool `json:"proven"`
	// Damaged says why the record cannot be read; then only Number is set.
	Damaged string `json:"damaged,omitempty"`
}

const recordPrefix = "releases/"

func recordKey(n int) string  { return fmt.Sprintf("%s%06d.json", recordPrefix, n) }
func outcomeKey(n int) string { return fmt.Sprintf("%s%06d.result.json", recordPrefix, n) }

// ErrTaken says that a release of that number exists: another run was faster.
var ErrTaken = errors.New("a release of that number has begun already")

// Begin writes the record of a release that is about to start. S3's
// If-None-Match makes sure that no record is ever overwritten: of two runs that
// chose the same number one gets [ErrTaken]. Our own record, written by a try
// whose answer was lost, is not somebody else's.
func (s *Store) Begin(ctx context.Context, r Record) error {
	body, err := encode(r)
	if err != nil {
		return err
	}
	key := recordKey(r.Number)
	err = s.putNew(ctx, key, body)
	if cloud.KindOf(err) != cloud.Conflict {
		return err
	}
	if there, readErr := s.Object(ctx, key); readErr == nil && bytes.Equal(there, body) {
		return nil
	}
	return fmt.Errorf("%w: %d", ErrTaken, r.Number)
}

// Finish writes how a release ended. What is written already stays.
func (s *Store) Finish(ctx context.Context, number int, o Outcome) error {
	body, err := encode(o)
	if err != nil {
		return err
	}
	err = s.putNew(ctx, outcomeKey(number), body)
	if cloud.KindOf(err) == cloud.Conflict {
		return nil
	}
	return err
}

// encode renders what is kept in the artefact bucket.
func encode(v any) ([]byte, error) {
	body, err := json.MarshalIndent(v, "", "  ")
	return append(body, '\n'), err
}

func (s *Store) putNew(ctx context.Context, key string, body []byte) error {
	_, err := s.put(ctx, &s3.PutObjectInput{
		Key: &key, Body: bytes.NewReader(body), ContentLength: aws.Int64(int64(len(body))), IfNoneMatch: aws.String("*"),
	})
	return err
}

// ErrNoRelease says that there is no release of that number.
var ErrNoRelease = errors.New("no such release")

// Get returns a release. The error is [ErrNoRelease] if there is none of that
// number, and [ErrDamaged] if its record cannot be read.
func (s *Store) Get(ctx context.Context, number int) (Release, error) {
	r := Release{}
	found := false
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		found, err = s.read(ctx, recordKey(number), &r.Record)
		return err
	})
	group.Go(func() error {
		_, err := s.read(ctx, outcomeKey(number), &r.Outcome)
		return err
	})
	err := group.Wait()
	r.Number = number
	switch {
	case errors.Is(err, ErrDamaged):
		r = Release{Record: Record{Number: number}, Damaged: err.Error()}
	case err == nil && !found:
		err = fmt.Errorf("%w: %d", ErrNoRelease, number)
	}
	return r, err
}

// List returns the releases of those numbers, in that order. One whose record
// cannot be read is listed as damaged.
func (s *Store) List(ctx context.Context, numbers []int) ([]Release, error) {
	list := make([]Release, len(numbers))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for i, n := range numbers {
		group.Go(func() (err error) {
			list[i], err = s.Get(ctx, n)
			if errors.Is(err, ErrDamaged) {
				return nil
			}
			return err
		})
	}
	return list, group.Wait()
}

// ErrDamaged says that an object in the artefact bucket is not the JSON that it should be.
var ErrDamaged = errors.New("damaged")

// read decodes an object and tells whether it is there.
func (s *Store) read(ctx context.Context, key string, v any) (bool, error) {
	body, err := s.Object(ctx, key)
	if cloud.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := json.Unmarshal(body, v); err != nil {
		return false, fmt.Errorf("%s in the artefact bucket is %w: %v", key, ErrDamaged, err)
	}
	return true, nil
}
