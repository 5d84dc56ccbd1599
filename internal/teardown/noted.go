package teardown

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stage"
)

// Noted is what the artefact bucket says that earlier stacks left. Whoever may
// write to the bucket can have written it.
type Noted struct {
	Data   []release.Remains // what is certainly the stage's, oldest first
	Doubts []string          // what is passed over, and why, each in a line
}

// ReadNoted reads what is noted of a stage, and passes over what it cannot
// believe: what is not named as this stage's stacks name it, and what belongs to
// another stage's stack by now.
func ReadNoted(ctx context.Context, at *stage.Stage, account string) (Noted, error) {
	var n Noted
	list, err := at.Artifacts(account).Remains(ctx)
	if errors.Is(err, release.ErrDamaged) {
		n.Doubts = append(n.Doubts, err.Error())
		return n, nil
	}
	if err != nil {
		return n, err
	}
	for _, r := range list {
		why, err := doubt(ctx, at, account, r)
		if err != nil {
			return n, err
		}
		if why == "" {
			n.Data = append(n.Data, r)
		} else {
			n.Doubts = append(n.Doubts, "remains.json in the artefact bucket is not believed: "+why)
		}
	}
	return n, nil
}

// doubt says why an entry cannot be what a stack of the stage left, "" if it can.
func doubt(ctx context.Context, at *stage.Stage, account string, r release.Remains) (why string, err error) {
	name, region := at.Name, at.Config.Region
	switch {
	case !name.IsStack(r.StackID, account, region):
		return fmt.Sprintf("%q is no stack of stage %s", r.StackID, name), nil
	case r.Table != "" && !name.Made(cfn.ManifestTable, r.Table):
		return fmt.Sprintf("the table %q is not of stage %s", r.Table, name), nil
	case r.Bucket != "" && !name.Made(cfn.SaveFilesBucket, r.Bucket):
		return fmt.Sprintf("the bucket %q is not of stage %s", r.Bucket, name), nil
	case r.UserPoolID != "" && !isPoolID(r.UserPoolID, region):
		return fmt.Sprintf("%q is no user pool", r.UserPoolID), nil
	}
	if r.UserPoolID != "" { // an id says nothing of the stage; a pool that is gone has no name
		pool, err := at.Pool(r.UserPoolID).Name(ctx)
		if err != nil {
			return "", err
		}
		if pool != "" && pool != name.Stack() {
			return fmt.Sprintf("the user pool %s, which is called %q, is not of stage %s", r.UserPoolID, pool, name), nil
		}
	}
	for _, physical := range []string{r.UserPoolID, r.Table, r.Bucket} {
		if physical == "" {
			continue
		}
		owner, err := at.Stacks.Owner(ctx, physical)
		if err != nil {
			return "", err
		}
		if owner != "" && !name.IsStack(owner, account, region) { // of its own stage, the live one or what made it
			return fmt.Sprintf("%s belongs to the stack %s", physical, owner), nil
		}
	}
	return "", nil
}

// isPoolID tells whether a text is the id of a user pool in a region:
// "eu-west-1_AbCdEf123".
func isPoolID(id, region string) bool {
	rest, inRegion := strings.CutPrefix(id, region+"_")
	return inRegion && stage.IsAlphanumeric(rest)
}
