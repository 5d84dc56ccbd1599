package stage

import (
	"context"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	cwl "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/functions"
	"github.com/renpy-cloud/renpyctl/internal/presence"
	"github.com/renpy-cloud/renpyctl/internal/saves"
	"github.com/renpy-cloud/renpyctl/internal/stack"
)

// TheStack is the name of the stack itself among what may differ.
const TheStack = "stack"

// Settings that may differ of what is no function.
const (
	StackPolicy        = "policy"             // of the stack
	DeletionProtection = "deletionProtection" // of the stack, the table and the pool
	TableRecovery      = "pointInTimeRecovery"
	BucketUploads      = "uploads" // to the bucket
	BucketVersioning   = "versioning"
	BucketPrivacy      = "publicAccessBlock"
	BucketTLS          = "onlyTLS"
	BucketPublic       = "publicPolicy" // whom the policy lets in beside the stage
)

// look looks at parts of a stage with one call, and returns those that are not as
// they should be.
type look func(context.Context) ([]Drifted, error)

// lost is a part that somebody has deleted.
func lost(logicalID string) []Drifted {
	about, _ := cfn.Describe(logicalID)
	d := Drifted{Running: Running{Name: logicalID}, deleted: true}
	d.add(about.Kind, "there", "")
	return []Drifted{d}
}

// exists looks for a part that needs only to be there.
func exists(logicalID string, there func(context.Context) (bool, error)) look {
	return func(ctx context.Context) ([]Drifted, error) {
		if ok, err := there(ctx); ok || err != nil {
			return nil, err
		}
		return lost(logicalID), nil
	}
}

// protected looks for a part that has to be there and protected against deletion.
func protected(logicalID string, look func(context.Context) (there, protected bool, err error)) look {
	return func(ctx context.Context) ([]Drifted, error) {
		there, on, err := look(ctx)
		switch {
		case err != nil:
			return nil, err
		case !there:
			return lost(logicalID), nil
		}
		d := Drifted{Running: Running{Name: logicalID}}
		d.on(DeletionProtection, on)
		return d.ifAny(), nil
	}
}

// recoverable looks whether the table of manifests is there, protected, and can be
// restored to what it was.
func recoverable(t *saves.Table) look {
	return func(ctx context.Context) ([]Drifted, error) {
		var there, protected bool
		var days int32
		err := cloud.Together(ctx,
			func(ctx context.Context) (err error) { there, protected, err = t.Protected(ctx); return err },
			cloud.Into(&days, t.Recovery),
		)
		switch {
		case err != nil:
			return nil, err
		case !there:
			return lost(cfn.ManifestTable), nil
		}
		d := Drifted{Running: Running{Name: cfn.ManifestTable}}
		d.on(DeletionProtection, protected)
		d.on(TableRecovery, days > 0)
		return d.ifAny(), nil
	}
}

// keeping looks whether the bucket of saves is there, players can save, what they
// overwrite is kept, and nobody else comes in.
func keeping(b *saves.Bucket) look {
	return func(ctx context.Context) ([]Drifted, error) {
		says, err := b.Policy(ctx)
		switch {
		case err != nil:
			return nil, err
		case says.Uploads == saves.NoBucket:
			return lost(cfn.SaveFilesBucket), nil
		}
		var versioned, private bool
		if err := cloud.Together(ctx, cloud.Into(&versioned, b.Versioned), cloud.Into(&private, b.Private)); err != nil {
			return nil, err
		}
		d := Drifted{Running: Running{Name: cfn.SaveFilesBucket}}
		if says.Public { // first, since it may be in the way of the others
			d.add(BucketPublic, "nobody", "everybody")
		}
		if says.Uploads == saves.Refused {
			d.add(BucketUploads, string(saves.Allowed), string(says.Uploads))
		}
		d.on(BucketVersioning, versioned)
		d.on(BucketPrivacy, private)
		if says.Uploads == saves.NoPolicy {
			return append(d.ifAny(), lost(cfn.SaveFilesBucketPolicy)...), nil
		}
		d.on(BucketTLS, says.OnlyTLS)
		return d.ifAny(), nil
	}
}

// logGroups looks for log groups, by the logical ids that they have in the template.
func (s *State) logGroups(names map[string]string) look {
	return func(ctx context.Context) ([]Drifted, error) {
		there, err := presence.LogGroups(ctx, cwl.NewFromConfig(s.Config), "renpy-cloud")
		if err != nil {
			return nil, err
		}
		var list []Drifted
		for _, id := range slices.Sorted(maps.Keys(names)) {
			if _, ok := there[names[id]]; !ok {
				list = append(list, lost(id)...)
			}
		}
		return list, nil
	}
}

// parts looks for what the stack should own beside its functions and for what
// protects it, all at once, and returns what is not as it should be. The stack
// itself comes last: what is wrong with it may be the mark of a removal, which is
// to stay until the rest is put right.
func (s *State) parts(ctx context.Context) ([]Drifted, error) {
	looks := s.looks()
	found := make([][]Drifted, len(looks))
	calls := make([]func(context.Context) error, len(looks))
	for i, look := range looks {
		calls[i] = cloud.Into(&found[i], look)
	}
	if err := cloud.Together(ctx, calls...); err != nil {
		return nil, err
	}
	return append(slices.Concat(found...), s.stackItself()...), nil
}

// looks are at the parts of the stack's template whose names are known: from the
// stack's outputs, from the functions, or fixed by the template. Every deploy
// asks, so a part more is a call more.
func (s *State) looks() []look {
	var list []look
	add := func(logicalID, name string, look look) {
		if name != "" && cfn.HasResource(s.Template, logicalID) {
			list = append(list, look)
		}
	}
	out := s.Stack.Outputs
	pool, table := s.Pool(out[cfn.OutputUserPoolID]), s.Table(out[cfn.OutputManifestTableName])
	bucket, api := s.Bucket(out[cfn.OutputSaveFilesBucketName], s.ID.Account), apiID(s.Stack)
	add(cfn.UserPool, pool.ID, protected(cfn.UserPool, pool.Protected))
	add(cfn.ManifestTable, table.Name, recoverable(table))
	add(cfn.SaveFilesBucket, bucket.Name, keeping(bucket))
	add(cfn.HTTPAPI, api, exists(cfn.HTTPAPI, func(ctx context.Context) (bool, error) {
		return presence.API(ctx, apigatewayv2.NewFromConfig(s.Config), api)
	}))
	roles := iam.NewFromConfig(s.Config)
	groups := map[string]string{cfn.APIAccessLogGroup: s.Name.AccessLog()}
	for _, f := range Functions() {
		role := s.roleOf(f.Name)
		add(f.Role, role, exists(f.Role, func(ctx context.Context) (bool, error) { return presence.Role(ctx, roles, role) }))
		groups[f.Log] = s.Name.LogGroup(f.Function)
	}
	maps.DeleteFunc(groups, func(id, _ string) bool { return !cfn.HasResource(s.Template, id) })
	if len(groups) > 0 {
		list = append(list, s.logGroups(groups))
	}
	if AlarmsOn(s.Stack) {
		list = append(list, s.lostAlarms)
	}
	return list
}

// stackItself is what is not as it should be of the stack itself.
func (s *State) stackItself() []Drifted {
	d := Drifted{Running: Running{Name: TheStack}}
	d.on(DeletionProtection, !s.Protected() || s.Stack.TerminationProtection)
	switch {
	case Removing(s.Stack):
		d.add(StackPolicy, "closed", "being removed")
	case s.Stack.Policy != cfn.StackPolicy():
		d.add(StackPolicy, "closed", "open")
	}
	return d.ifAny()
}

// add adds a setting that is not what it should be.
func (d *Drifted) add(setting, want, have string) {
	d.Differences = append(d.Differences, functions.Difference{Setting: setting, Want: want, Have: have})
}

// on adds a setting that should be on, unless it is.
func (d *Drifted) on(setting string, on bool) {
	if !on {
		d.add(setting, "on", "off")
	}
}

// ifAny is the part if any of its settings is not what it should be.
func (d Drifted) ifAny() []Drifted {
	if len(d.Differences) == 0 {
		return nil
	}
	return []Drifted{d}
}

// apiID is the API's id, with which its address begins.
func apiID(st stack.Stack) string {
	u, err := url.Parse(st.Outputs[cfn.OutputAPIEndpoint])
	if err != nil {
		return ""
	}
	id, _, _ := strings.Cut(u.Hostname(), ".")
	return id
}

// roleOf is the name of the role that a function works as, "" if there is no
// function to tell it.
func (s *State) roleOf(function string) string {
	for _, f := range s.Live {
		if f.Name == function && f.Role != "" {
			return path.Base(f.Role)
		}
	}
	return ""
}
