package teardown

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/stack"
)

// lag is how long a service may go on showing what is deleted.
const lag = 15 * time.Second

// LeftError names what is still there after a removal.
type LeftError struct{ What []string }

func (e *LeftError) Error() string { return "still there: " + strings.Join(e.What, ", ") }

// Gone looks for everything that there was, for a while if need be. The error is
// a *[LeftError] if something is still there.
func (h *Holdings) Gone(ctx context.Context) error {
	checks := h.checks()
	for deadline := time.Now().Add(lag); ; {
		left, err := leftovers(ctx, checks)
		if err != nil || len(left) == 0 {
			return err
		}
		if time.Now().After(deadline) {
			return &LeftError{left}
		}
		if err := cloud.Sleep(ctx, time.Second); err != nil {
			return err
		}
	}
}

// checks ask, by what they look for, whether it is there.
func (h *Holdings) checks() map[string]func(context.Context) (bool, error) {
	checks := map[string]func(context.Context) (bool, error){
		"artefact bucket " + h.store.Bucket: h.store.Exists,
		"stack " + h.at.Name.Stack(): func(ctx context.Context) (bool, error) {
			_, err := h.at.Stacks.Describe(ctx, h.at.Name.Stack())
			if errors.Is(err, stack.ErrNotFound) {
				return false, nil
			}
			return err == nil, err
		},
		"functions": func(ctx context.Context) (bool, error) {
			list, err := h.at.Running(ctx)
			return len(list) > 0, err
		},
	}
	for _, r := range h.Data {
		if r.UserPoolID != "" {
			checks["user pool "+r.UserPoolID] = h.at.Pool(r.UserPoolID).Exists
		}
		if r.Table != "" {
			checks["table "+r.Table] = h.at.Table(r.Table).Exists
		}
		if r.Bucket != "" {
			checks["bucket "+r.Bucket] = h.at.Bucket(r.Bucket, h.account).Exists
		}
	}
	return checks
}

// leftovers runs the checks at once and returns what is there, sorted.
func leftovers(ctx context.Context, checks map[string]func(context.Context) (bool, error)) ([]string, error) {
	found := make(chan string, len(checks))
	group, ctx := errgroup.WithContext(ctx)
	for what, exists := range checks {
		group.Go(func() error {
			there, err := exists(ctx)
			if there {
				found <- what
			}
			return err
		})
	}
	err := group.Wait()
	close(found)
	var names []string
	for what := range found {
		names = append(names, what)
	}
	slices.Sort(names)
	return names, err
}
