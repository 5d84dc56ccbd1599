package deploy

import (
	"cmp"
	"context"

	"github.com/renpy-cloud/renpyctl/internal/functions"
	"github.com/renpy-cloud/renpyctl/internal/stage"
)

// putRight gives the functions what the stack says of them. Code that
// CloudFormation is about to replace stays until then: next has the keys of the
// code that the functions are to have. So do functions that are missing.
func putRight(ctx context.Context, c *stage.Compared, next map[string]string, o Observer) error {
	for _, d := range c.Drift {
		code, settings := d.Parts()
		key, want := c.CodeKey(d.Name), d.Want()
		code = code && cmp.Or(next[d.Name], key) == key
		if code {
			f, _ := stage.FunctionNamed(d.Name)
			version, err := held(ctx, c.Store, key, c.Stack.Parameters[f.PinParameter])
			if err != nil {
				return err
			}
			src := functions.Source{Bucket: c.Store.Bucket, Key: key, Version: version, CodeSha256: want.CodeSha256, Architecture: want.Architecture}
			if _, err := functions.UpdateCode(ctx, c.Lambda(), d.FunctionName, src); err != nil {
				return err
			}
		}
		if settings {
			if err := functions.UpdateSettings(ctx, c.Lambda(), want); err != nil {
				return err
			}
		}
		if code || settings {
			o.PutRight(d.Name)
		}
	}
	return nil
}
