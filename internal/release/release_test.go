package release_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/release"
)

// complete says what the bucket lacks of a complete one, "" if nothing.
func (b *artefacts) complete() string {
	policy := struct {
		Statement []struct {
			Effect, Principal, Action string
			Resource                  []string
			Condition                 map[string]map[string]string
		}
	}{}
	if err := json.Unmarshal([]byte(b.settings["policy"]), &policy); err != nil {
		return "policy: " + err.Error()
	}
	if s := policy.Statement[0]; s.Effect != "Deny" || s.Action != "s3:*" || s.Condition["Bool"]["aws:SecureTransport"] != "false" ||
		!slices.Equal(s.Resource, []string{"arn:aws:s3:::" + name, "arn:aws:s3:::" + name + "/*"}) {
		return fmt.Sprintf("policy: %+v", s)
	}
	settings := maps.Clone(b.settings)
	delete(settings, "policy")
	if want := map[string]string{
		"public access": "blocked", "encryption": "on", "versioning": "Enabled", "lifecycle": "on", "tag": "renpyctl:stage=dev",
	}; !maps.Equal(settings, want) {
		return fmt.Sprintf("settings %v", settings)
	}
	return ""
}

// ensure does what a deploy does: it lists the bucket and completes it.
func (b *artefacts) ensure(ctx context.Context) error {
	contents, err := b.store.Contents(ctx)
	if err != nil {
		return err
	}
	return b.store.Ensure(ctx, contents, false)
}

func TestEnsureMakesTheBucketOnce(t *testing.T) {
	b := newArtefacts(t)
	if err := b.ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	if lacks := b.complete(); lacks != "" {
		t.Error(lacks)
	}
	in := awsfake.Inputs[s3.CreateBucketInput](b.Fake)[0]
	if in.CreateBucketConfiguration.LocationConstraint != "eu-west-1" || in.ObjectOwnership != types.ObjectOwnershipBucketOwnerEnforced {
		t.Errorf("created with %+v", in)
	}
	before := len(b.Calls())
	if err := b.ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := b.Operations()[before:]; !slices.Equal(got, []string{"ListObjectsV2"}) {
		t.Errorf("a complete bucket took %v", got)
	}
}

// S3 refuses the name of its oldest region as a constraint.
func TestEnsureInTheOldestRegion(t *testing.T) {
	fake := awsfake.New(t)
	awsfake.On(fake, func(in *s3.CreateBucketInput) (*s3.CreateBucketOutput, error) {
		if in.CreateBucketConfiguration != nil {
			t.Errorf("constraint %+v", in.CreateBucketConfiguration)
		}
		return nil, awsfake.ErrLost
	})
	store := release.NewStore(s3.NewFromConfig(fake.Config()), stage, account, "us-east-1")
	if err := store.Ensure(t.Context(), release.Contents{}, false); cloud.KindOf(err) != cloud.Unreachable {
		t.Errorf("gave %v", err)
	}
}

// Cut off at any call, before or after its effect, the next run completes it.
func TestEnsureCanBeCutOffAnywhere(t *testing.T) {
	whole := newArtefacts(t)
	if err := whole.ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	for n := range whole.Operations() {
		for _, effect := range []string{"before", "after"} {
			b := newArtefacts(t)
			calls := 0
			fail := func(string) error {
				if calls++; calls == n+1 {
					return awsfake.ErrLost
				}
				return nil
			}
			if effect == "before" {
				b.before = fail
			} else {
				b.after = fail
			}
			_ = b.ensure(t.Context()) // the listing of a bucket that is not there has no effect to lose
			b.before, b.after = nil, nil
			if err := b.ensure(t.Context()); err != nil {
				t.Errorf("cut off %s call %d, then: %v", effect, n, err)
			}
			if lacks := b.complete(); lacks != "" {
				t.Errorf("cut off %s call %d: %s", effect, n, lacks)
			}
		}
	}
}

func TestEnsureRefusesABucketOfOthers(t *testing.T) {
	foreign := func(err error) bool {
		e, ok := errors.AsType[*release.ForeignBucketError](err)
		return ok && e.Bucket == name
	}
	b := newArtefacts(t)
	b.exists, b.foreign = true, true
	if err := b.ensure(t.Context()); !foreign(err) {
		t.Errorf("a bucket of somebody else: %v", err)
	}
	if ops := b.Operations(); slices.Contains(ops, "PutBucketPolicy") || slices.Contains(ops, "PutObject") {
		t.Errorf("it was touched: %v", ops)
	}

	// Taken between the look and the creation.
	b = newArtefacts(t)
	b.before = func(operation string) error {
		if operation == "CreateBucket" {
			b.exists, b.foreign = true, true
		}
		return nil
	}
	if err := b.ensure(t.Context()); !foreign(err) {
		t.Errorf("taken by somebody else meanwhile: %v", err)
	}

	// Made by another run of ours between the two.
	b = newArtefacts(t)
	b.before = func(operation string) error {
		if operation == "CreateBucket" {
			b.exists = true
		}
		return nil
	}
	if err := b.ensure(t.Context()); err != nil || b.complete() != "" {
		t.Errorf("made by another run meanwhile: %v, %s", err, b.complete())
	}

	// S3 still deletes the bucket of that name that was ours a moment ago.
	b = newArtefacts(t)
	b.before = func(operation string) error {
		if operation == "CreateBucket" {
			return awsfake.Error{Code: "OperationAborted", Message: "A conflicting conditional operation is currently in progress against this resource. Please try again.", Status: 409}
		}
		return nil
	}
	if err := b.ensure(t.Context()); foreign(err) || err == nil || !strings.Contains(err.Error(), "Please try again") {
		t.Errorf("deleted a moment ago: %v, want what S3 says", err)
	}
}

// IAM's refusal is not taken for a bucket of somebody else.
func TestContentsDenied(t *testing.T) {
	b := newArtefacts(t)
	b.before = func(string) error {
		return awsfake.Error{Code: "AccessDenied", Status: 403, Message: "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: s3:ListBucket on resource: \"arn:aws:s3:::" + name + "\" because no identity-based policy allows the s3:ListBucket action"}
	}
	if _, err := b.store.Contents(t.Context()); err == nil || cloud.DeniedAction(err.Error()) != "s3:ListBucket" {
		t.Errorf("gave %v, which does not say what is not allowed", err)
	}
}

func TestObjects(t *testing.T) {
	b := newArtefacts(t)
	b.exists = true
	if err := b.store.Put(t.Context(), "code/a.zip", []byte("zip")); err != nil {
		t.Fatal(err)
	}
	if body, err := b.store.Object(t.Context(), "code/a.zip"); err != nil || string(body) != "zip" {
		t.Errorf("read %q, %v", body, err)
	}
	for key, want := range map[string]bool{"code/a.zip": true, "code/b.zip": false, "code/": false} {
		if contents, err := b.store.Contents(t.Context()); err != nil || contents.Has(key) != want {
			t.Errorf("has %s: %v, %v; want %v", key, contents.Has(key), err, want)
		}
	}
}

func TestRemains(t *testing.T) {
	b := newArtefacts(t)
	ctx := t.Context()
	if list, err := b.store.Remains(ctx); len(list) != 0 || err != nil {
		t.Errorf("without a bucket: %v, %v", list, err)
	}
	one := release.Remains{StackID: "s1", UserPoolID: "p1", Table: "t1", Bucket: "b1", Since: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
	two := release.Remains{StackID: "s2", Table: "t2"}
	for _, r := range []release.Remains{one, two, one} { // the third is known already
		if err := b.store.KeepRemains(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	if list, err := b.store.Remains(ctx); err != nil || !slices.Equal(list, []release.Remains{one, two}) {
		t.Errorf("kept %+v, %v", list, err)
	}
	for _, deleted := range [][]release.Remains{{one}, {one}, {{StackID: "s2", Table: "unknown"}}, nil} {
		if err := b.store.ForgetRemains(ctx, deleted); err != nil {
			t.Fatal(err)
		}
	}
	if list, err := b.store.Remains(ctx); err != nil || !slices.Equal(list, []release.Remains{two}) {
		t.Errorf("after forgetting: %+v, %v", list, err)
	}
	// A stack that was noted, and then got another bucket: both are kept in mind, nothing twice.
	other := release.Remains{StackID: "s2", Table: "t2", Bucket: "b3"}
	if err := b.store.KeepRemains(ctx, other); err != nil {
		t.Fatal(err)
	}
	if list, err := b.store.Remains(ctx); err != nil || !slices.Equal(list, []release.Remains{two, {StackID: "s2", Bucket: "b3"}}) {
		t.Errorf("with another bucket: %+v, %v", list, err)
	}
	if lacks := b.complete(); lacks != "" {
		t.Errorf("the bucket was made for the list: %s", lacks)
	}
	// A list that cannot be read is never taken for an empty one. Whoever may write
	// to the bucket can write one: what has to be noted is noted all the same.
	b.objects["remains.json"] = "[{"
	if list, err := b.store.Remains(ctx); !errors.Is(err, release.ErrDamaged) {
		t.Errorf("damaged: %v, %v", list, err)
	}
	if err := b.store.ForgetRemains(ctx, []release.Remains{two}); err != nil || b.objects["remains.json"] != "[{" {
		t.Errorf("damaged: %v, now %q", err, b.objects["remains.json"])
	}
	if err := b.store.KeepRemains(ctx, one); err != nil {
		t.Error(err)
	}
	if list, err := b.store.Remains(ctx); err != nil || !slices.Equal(list, []release.Remains{one}) {
		t.Errorf("noted over a damaged list: %+v, %v", list, err)
	}
	b.objects["remains.json"] = "[]" + strings.Repeat(" ", 1<<20)
	if _, err := b.store.Remains(ctx); !errors.Is(err, release.ErrDamaged) {
		t.Errorf("a list of a megabyte: %v", err)
	}
	b.foreign = true
	if _, err := b.store.Remains(ctx); cloud.KindOf(err) != cloud.Denied {
		t.Errorf("a bucket of somebody else: %v", err)
	}
}

func record(n int, template string, code map[string]string) release.Record {
	return release.Record{Number: n, Kind: release.Deploy, Time: time.Date(2026, 11, 23, 10, n, 0, 0, time.UTC), StackID: "s", Template: template, Code: code}
}

// list returns all releases, the newest first.
func (b *artefacts) list(ctx context.Context) ([]release.Release, error) {
	contents, err := b.store.Contents(ctx)
	if err != nil {
		return nil, err
	}
	return b.store.List(ctx, contents.Numbers())
}

func TestReleasesAreWrittenOnce(t *testing.T) {
	b := newArtefacts(t)
	ctx := t.Context()
	if contents, err := b.store.Contents(ctx); contents.After(0) != 1 || err != nil {
		t.Errorf("without a bucket the next is %d, %v", contents.After(0), err)
	}
	b.exists = true
	for n := range 12 {
		if contents, err := b.store.Contents(ctx); contents.After(0) != n+1 || err != nil {
			t.Fatalf("next %d, %v; want %d", contents.After(0), err, n+1)
		}
		if err := b.store.Begin(ctx, record(n+1, "template/a.yaml", nil)); err != nil {
			t.Fatal(err)
		}
	}
	before := b.objects["releases/000007.json"]
	if err := b.store.Begin(ctx, record(7, "template/a.yaml", nil)); err != nil || b.objects["releases/000007.json"] != before {
		t.Errorf("our own record, after its answer was lost: %v", err)
	}
	later := record(7, "template/a.yaml", nil)
	later.Time = later.Time.Add(time.Nanosecond)
	for _, other := range []release.Record{record(7, "template/other.yaml", nil), later} {
		if err := b.store.Begin(ctx, other); !errors.Is(err, release.ErrTaken) || b.objects["releases/000007.json"] != before {
			t.Errorf("a number twice: %v", err)
		}
	}
	for _, result := range []release.Result{release.Failed, release.Succeeded} { // the second is too late
		if err := b.store.Finish(ctx, 7, release.Outcome{Result: result, Reason: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	b.objects["releases/000003.json"] = "{"
	b.objects["releases/notes.txt"] = "not ours"
	list, err := b.list(ctx)
	if err != nil || len(list) != 12 || list[0].Number != 12 || list[11].Number != 1 {
		t.Fatalf("list %+v, %v", list, err)
	}
	for _, r := range list {
		wantResult := map[int]release.Result{7: release.Failed}[r.Number]
		if (r.Damaged != "") != (r.Number == 3) || r.Outcome.Result != wantResult {
			t.Errorf("release %d: %+v", r.Number, r)
		}
	}
	if r, err := b.store.Get(ctx, 7); err != nil || r.Template != "template/a.yaml" || r.Outcome.Reason != "x" {
		t.Errorf("release 7: %+v, %v", r, err)
	}
	if _, err := b.store.Get(ctx, 99); !errors.Is(err, release.ErrNoRelease) {
		t.Errorf("release 99: %v", err)
	}
	if _, err := b.store.Get(ctx, 3); !errors.Is(err, release.ErrDamaged) {
		t.Errorf("release 3: %v", err)
	}
}

// The connection dies when S3 has written the record, so that the SDK's second
// try is told that there is one: it is the one that this run has written.
func TestBeginAfterALostAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newArtefacts(t)
		b.exists = true
		lost := 0
		b.after = func(operation string) error {
			if operation == "PutObject" && lost == 0 {
				lost++
				return awsfake.ErrLost
			}
			return nil
		}
		cfg := cloud.Local("https://nowhere.invalid", cloud.Options{Region: awsfake.Region})
		cfg.APIOptions = append(cfg.APIOptions, b.AddToAttempts)
		store := release.NewStore(s3.NewFromConfig(cfg), stage, account, awsfake.Region)
		if err := store.Begin(t.Context(), record(1, "template/a.yaml", nil)); err != nil {
			t.Errorf("gave %v", err)
		}
		if got, want := b.Operations(), []string{"PutObject", "PutObject", "GetObject"}; !slices.Equal(got, want) {
			t.Errorf("calls %v, want %v", got, want)
		}
	})
}

// Two runs that begin the same number at the same moment: S3 may answer the
// slower one 409 in place of 412 (S3 user guide, "Conditional writes").
func TestBeginAtTheSameMoment(t *testing.T) {
	b := newArtefacts(t)
	b.exists = true
	b.before = func(operation string) error {
		if operation == "PutObject" {
			return awsfake.Error{Code: "ConditionalRequestConflict", Message: "The conditional request cannot succeed due to a conflicting operation against this resource.", Status: 409}
		}
		return nil
	}
	if err := b.store.Begin(t.Context(), record(1, "t", nil)); !errors.Is(err, release.ErrTaken) {
		t.Errorf("gave %v, want %v", err, release.ErrTaken)
	}
}

// What any release that stays may need is never listed.
func TestUnneeded(t *testing.T) {
	b := newArtefacts(t)
	b.exists = true
	ctx := t.Context()
	for n, files := range map[int][2]string{1: {"template/1.yaml", "code/1.zip"}, 2: {"template/1.yaml", "code/2.zip"}, 3: {"template/3.yaml", "code/2.zip"}} {
		if err := b.store.Begin(ctx, record(n, files[0], map[string]string{"syncPlan": files[1]})); err != nil {
			t.Fatal(err)
		}
		b.objects[files[0]], b.objects[files[1]] = "x", "x"
	}
	if err := b.store.Finish(ctx, 1, release.Outcome{Result: release.Succeeded}); err != nil {
		t.Fatal(err)
	}
	b.objects["code/orphan.zip"], b.objects["code/running.zip"], b.objects["renpyctl.json"] = "x", "x", "x"
	unneeded := func(old []int, inUse ...string) []string {
		t.Helper()
		contents, err := b.store.Contents(ctx)
		if err != nil {
			t.Fatal(err)
		}
		all, err := b.store.List(ctx, contents.Numbers())
		if err != nil {
			t.Fatal(err)
		}
		return contents.Unneeded(all, old, 3, inUse)
	}
	for _, c := range []struct {
		what string
		old  []int
		want []string
	}{
		{"none is old", nil, []string{"code/orphan.zip"}},
		{"the first: its template is needed by the second", []int{1},
			[]string{"code/1.zip", "code/orphan.zip", "releases/000001.json", "releases/000001.result.json"}},
		{"the first two: the code is needed by the third", []int{1, 2},
			[]string{"code/1.zip", "code/orphan.zip", "releases/000001.json", "releases/000001.result.json", "releases/000002.json", "template/1.yaml"}},
	} {
		if keys := unneeded(c.old, "code/running.zip"); !slices.Equal(keys, c.want) {
			t.Errorf("%s: %q; want %q", c.what, keys, c.want)
		}
	}
	b.objects["releases/999999.json"] = "{" // was never deployed
	if keys := unneeded(nil, "code/running.zip"); !slices.Equal(keys, []string{"code/orphan.zip"}) {
		t.Errorf("beside a forged record: %q", keys)
	}
	b.objects["releases/000003.json"] = "{" // might name anything
	if keys := unneeded([]int{1}); !slices.Equal(keys, []string{"releases/000001.json", "releases/000001.result.json"}) {
		t.Errorf("beside a damaged record: %q", keys)
	}
	if err := b.store.Delete(ctx, slices.Repeat([]string{"code/1.zip"}, 2500)); err != nil {
		t.Fatal(err)
	}
	if n := len(awsfake.Inputs[s3.DeleteObjectsInput](b.Fake)); n != 3 {
		t.Errorf("2,500 keys in %d requests, want 3", n)
	}
}

func TestDeleteBucketCanBeRunAgain(t *testing.T) {
	b := newArtefacts(t)
	b.exists = true
	for range 2 {
		if err := b.store.DeleteBucket(t.Context()); err != nil || b.exists {
			t.Errorf("%v, exists %v", err, b.exists)
		}
	}
}

// One forged record uses up no numbers, and what is no record's key has none.
func TestNumbersThatMakeNoSense(t *testing.T) {
	b := newArtefacts(t)
	b.exists = true
	for _, name := range []string{"999999", "000003", "000015", "000016", "-00001", "000000", "1", "0000017", "1000000", "99999999999999999999", "000017.result", "x"} {
		b.objects["releases/"+name+".json"] = "{}"
	}
	contents, err := b.store.Contents(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if numbers := contents.Numbers(); !slices.Equal(numbers, []int{999999, 16, 15, 3}) {
		t.Errorf("numbers %v", numbers)
	}
	for live, want := range map[int]int{14: 17, 16: 17, 17: 18, 2: 4, 0: 4} {
		if next := contents.After(live); next != want {
			t.Errorf("after %d comes %d, want %d", live, next, want)
		}
	}
}
