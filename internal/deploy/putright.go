package deploy

import (
	"cmp"
	"context"
	"strconv"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/functions"
	"github.com/renpy-cloud/renpyctl/internal/saves"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
)

// putRight gives every part of the stage what the stack says of it, in the order
// of the list, in which the stack itself is last. Code that CloudFormation is
// about to replace stays until then: next has the keys of the code that the
// functions are to have. So do parts that are missing.
func putRight(ctx context.Context, c *stage.Compared, next map[string]string, o Observer) error {
	for _, d := range c.Drift {
		if d.Deleted() {
			continue
		}
		done, err := true, error(nil)
		if _, isFunction := stage.FunctionNamed(d.Name); isFunction {
			done, err = putFunctionRight(ctx, c, d, next)
		} else {
			err = putPartRight(ctx, c, d)
		}
		if err != nil {
			return err
		}
		if done {
			o.PutRight(d.Name)
		}
	}
	return nil
}

// putFunctionRight tells whether there was anything to do.
func putFunctionRight(ctx context.Context, c *stage.Compared, d stage.Drifted, next map[string]string) (bool, error) {
	code, settings := d.Parts()
	key, want := c.CodeKey(d.Name), d.Want()
	code = code && cmp.Or(next[d.Name], key) == key
	if code {
		f, _ := stage.FunctionNamed(d.Name)
		version, err := held(ctx, c.Store, key, c.Stack.Parameters[f.PinParameter])
		if err != nil {
			return false, err
		}
		src := functions.Source{Bucket: c.Store.Bucket, Key: key, Version: version, CodeSha256: want.CodeSha256, Architecture: want.Architecture}
		if _, err := functions.UpdateCode(ctx, c.Lambda(), d.FunctionName, src); err != nil {
			return false, err
		}
	}
	if settings {
		if err := functions.UpdateSettings(ctx, c.Lambda(), want); err != nil {
			return false, err
		}
	}
	return code || settings, nil
}

// putPartRight puts right what may differ of a part that is no function.
func putPartRight(ctx context.Context, c *stage.Compared, d stage.Drifted) error {
	out := c.Stack.Outputs
	switch d.Name {
	case cfn.UserPool:
		return c.Pool(out[cfn.OutputUserPoolID]).Protect(ctx)
	case cfn.ManifestTable, cfn.SaveFilesBucket:
		return putSavesRight(ctx, c, d)
	case stage.TheStack:
		return putStackRight(ctx, c)
	}
	return nil
}

// putSavesRight puts right what protects players' saves, each setting that differs.
func putSavesRight(ctx context.Context, c *stage.Compared, d stage.Drifted) error {
	table := c.Table(c.Stack.Outputs[cfn.OutputManifestTableName])
	bucket := c.Bucket(c.Stack.Outputs[cfn.OutputSaveFilesBucketName], c.ID.Account)
	for _, diff := range d.Differences {
		var err error
		switch diff.Setting {
		case stage.DeletionProtection:
			err = table.Protect(ctx)
		case stage.TableRecovery:
			err = table.Recover(ctx, recoveryDays(c.Stack))
		case stage.BucketPublic:
			err = bucket.Unpublish(ctx)
		case stage.BucketUploads:
			err = bucket.Thaw(ctx)
		case stage.BucketVersioning:
			err = bucket.Version(ctx)
		case stage.BucketPrivacy:
			err = bucket.Close(ctx)
		case stage.BucketTLS:
			err = bucket.RequireTLS(ctx, cloud.Partition(c.Config.Region))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// recoveryDays is how far back the stage's table is to be restorable; as far as
// DynamoDB can where the stack does not say it.
func recoveryDays(st stack.Stack) int32 {
	days, err := strconv.ParseInt(st.Parameters[cfn.ParamTableRecoveryDays], 10, 32)
	if err != nil {
		return saves.MaxRecoveryDays
	}
	return int32(days)
}

// putStackRight protects the stack, and closes its policy last: of a removal that
// is taken back the policy is the mark, without which nobody would know the rest.
// What was noted for the removal outlives no stack then.
func putStackRight(ctx context.Context, c *stage.Compared) error {
	if err := protect(ctx, c.Stage, c.Stack, false); err != nil {
		return err
	}
	if stage.Removing(c.Stack) {
		if err := c.Store.ForgetStack(ctx, c.Stack.ID); err != nil {
			return err
		}
	}
	return closePolicy(ctx, c.Stage, c.Stack.ID)
}
