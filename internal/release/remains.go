package release

import (
	"context"
	"encoding/json"
	"slices"
	"time"
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
	Since      time.Time `json:"since"` // when the stack was removed
}

// remainsKey is the object that lists the remains of a stage.
const remainsKey = "remains.json"

// Remains returns what earlier stacks of the stage left behind, oldest first.
// Without an artefact bucket there is nothing.
func (s *Store) Remains(ctx context.Context) ([]Remains, error) {
	var list []Remains
	if _, err := s.read(ctx, remainsKey, &list); err != nil {
		return nil, err
	}
	return list, nil
}

// KeepRemains adds a stack's data to the list, unless it is there already.
func (s *Store) KeepRemains(ctx context.Context, r Remains) error {
	list, err := s.Remains(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(list, func(o Remains) bool { return o.StackID == r.StackID }) {
		return nil
	}
	return s.putRemains(ctx, append(list, r))
}

// ForgetRemains takes a stack's data off the list, once it is deleted.
func (s *Store) ForgetRemains(ctx context.Context, stackID string) error {
	list, err := s.Remains(ctx)
	if err != nil {
		return err
	}
	left := slices.DeleteFunc(slices.Clone(list), func(r Remains) bool { return r.StackID == stackID })
	if len(left) == len(list) {
		return nil
	}
	return s.putRemains(ctx, left)
}

func (s *Store) putRemains(ctx context.Context, list []Remains) error {
	body, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return err
	}
	return s.Put(ctx, remainsKey, append(body, '\n'))
}
