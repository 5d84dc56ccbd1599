package release

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// Remains names the data of a stack: what outlives it, because it was to be
// kept or because its removal was interrupted. Once the stack is gone nothing
// else leads to it.
type Remains struct {
	StackID    string    `json:"stackId"`
	UserPoolID string    `json:"userPoolId"`
	ClientID   string    `json:"appClientId,omitempty"`
	Table      string    `json:"table"`
	Bucket     string    `json:"bucket"`
	Since      time.Time `json:"since"`               // when the stack was removed
	Protected  bool      `json:"protected,omitempty"` // the stack was: deleting the data takes a confirmation as well
}

// remainsKey is the object that lists the remains of a stage.
const remainsKey = "remains.json"

// Remains returns what the list says that earlier stacks of the stage left
// behind, oldest first: whoever may write to the bucket may have written it.
// Without an artefact bucket there is nothing. The error is [ErrDamaged] for a
// list that makes no sense.
func (s *Store) Remains(ctx context.Context) ([]Remains, error) {
	var list []Remains
	if _, err := s.read(ctx, remainsKey, &list); err != nil {
		return nil, err
	}
	return list, nil
}

// Without returns what of r no entry of the list names; its StackID and Since stay.
func (r Remains) Without(list []Remains) Remains {
	for _, o := range list {
		if r.UserPoolID == o.UserPoolID {
			r.UserPoolID, r.ClientID = "", ""
		}
		if r.Table == o.Table {
			r.Table = ""
		}
		if r.Bucket == o.Bucket {
			r.Bucket = ""
		}
	}
	return r
}

// Empty says that r names no data.
func (r Remains) Empty() bool { return r.UserPoolID == "" && r.Table == "" && r.Bucket == "" }

// KeepRemains adds a stack's data to the list, what it names of it already left
// out, and makes the bucket where it is missing. A list that makes no sense is
// written over; the bucket keeps it for [ExpireAfterDays].
func (s *Store) KeepRemains(ctx context.Context, r Remains) error {
	list, err := s.Remains(ctx) // as it is now: somebody else may have added to it
	if err != nil && !errors.Is(err, ErrDamaged) {
		return err
	}
	if r = r.Without(list); r.Empty() {
		return nil
	}
	list = append(list, r)
	if err := s.putRemains(ctx, list); !cloud.IsNotFound(err) {
		return err
	}
	if err := s.Ensure(ctx, Contents{}, true); err != nil {
		return err
	}
	return s.putRemains(ctx, list)
}

// ForgetRemains takes data off the list, once it is deleted.
func (s *Store) ForgetRemains(ctx context.Context, deleted []Remains) error {
	return s.forget(ctx, func(r Remains) Remains { return r.Without(deleted) })
}

// ForgetStack takes the data of a stack off the list, which is to stay after all.
func (s *Store) ForgetStack(ctx context.Context, stackID string) error {
	return s.forget(ctx, func(r Remains) Remains {
		if r.StackID == stackID {
			return Remains{}
		}
		return r
	})
}

// forget leaves on the list what rest leaves of each entry.
func (s *Store) forget(ctx context.Context, rest func(Remains) Remains) error {
	list, err := s.Remains(ctx)
	if errors.Is(err, ErrDamaged) {
		return nil // it names nothing
	}
	if err != nil {
		return err
	}
	var left []Remains
	for _, r := range list {
		if r = rest(r); !r.Empty() {
			left = append(left, r)
		}
	}
	if slices.Equal(left, list) {
		return nil
	}
	return s.putRemains(ctx, left)
}

func (s *Store) putRemains(ctx context.Context, list []Remains) error {
	body, err := encode(list)
	if err != nil {
		return err
	}
	return s.Put(ctx, remainsKey, body)
}
