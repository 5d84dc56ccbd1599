package cli

import (
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
)

// tag gives the stack a tag past this program.
func (a *awsAccount) tag(key, value string) {
	s := a.Current()
	s.Tags = append(s.Tags, types.Tag{Key: aws.String(key), Value: aws.String(value)})
}

// tagged is a tag's value, "" for none.
func (a *awsAccount) tagged(key string) string {
	for _, t := range a.Current().Tags {
		if *t.Key == key {
			return *t.Value
		}
	}
	return ""
}

// The tags that others gave the stack stay, whatever changes it, and CloudFormation's
// own are not given.
func TestTagsOfOthersStay(t *testing.T) {
	for _, args := range [][]string{change, {"rollback", "--yes"}} {
		story(t, args[0], twice, func(t *testing.T, a *awsAccount) {
			a.tag("cost-centre", "42")
			a.tag("aws:createdBy", "somebody")
			check(t, a.run(args...), exitOK, a.Whole())
			if team, ours := a.tagged("cost-centre"), a.tagged(stage.Tag); team != "42" || ours != "dev" || a.tagged("aws:createdBy") != "" {
				t.Errorf("the tags are cost-centre=%q and %s=%q, and one of AWS's: %q", team, stage.Tag, ours, a.tagged("aws:createdBy"))
			}
		})
	}
	story(t, "a plan that was kept before", twice, func(t *testing.T, a *awsAccount) {
		file := filepath.Join(t.TempDir(), "plan")
		a.run("plan", "--set", "LogRetentionDays=90", "--out", file).wants(t, exitOK)
		a.tag("cost-centre", "42")
		a.run("deploy", "--plan", file, "--yes").wants(t, exitOK, `tag cost-centre: 42 → ""`)
	})
}

// A stack that has lost its tag is refused, with the way back; that one changes
// nothing else. Another tool's stack is never taken for ours.
func TestLostTag(t *testing.T) {
	lost := func(t *testing.T) *awsAccount {
		a := twice(t)
		a.Current().Tags = nil
		a.tag("cost-centre", "42")
		return a
	}
	story(t, "given back", lost, func(t *testing.T, a *awsAccount) {
		for _, args := range [][]string{{"info"}, change, {"remove", "--yes"}, {"recover", "--yes"}} {
			o := a.run(args...)
			o.wants(t, exitRefused, "renpyctl recover --adopt --stage dev gives it back")
			o.changedNothing(t)
		}
		a.run("recover", "--adopt").wants(t, exitUsage, "--yes")
		before := *a.Current()
		check(t, a.run("recover", "--adopt", "--yes"), exitOK, a.Whole())
		if s := a.Current(); a.tagged(stage.Tag) != "dev" || a.tagged("cost-centre") != "42" || s.Template != before.Template || a.Setting("GameIds") != "my_game" {
			t.Errorf("the tags are %v, GameIds %q", s.Tags, a.Setting("GameIds"))
		}
		a.run("releases").wants(t, exitOK, "live\t3\t", "succeeded")
		a.run("deploy").wants(t, exitOK, "Nothing to do")
		a.run("recover", "--adopt").wants(t, exitOK, "Nothing to recover")
	})
	story(t, "of a stuck stack", stuck, func(t *testing.T, a *awsAccount) {
		a.Current().Tags, a.Current().Status = nil, stack.UpdateRollbackFailed
		a.run("recover", "--yes", "--adopt").wants(t, exitOK, "Recovered")
		check(t, a.run("recover", "--yes", "--adopt"), exitOK, a.Whole())
		if a.tagged(stage.Tag) != "dev" {
			t.Error("the tag is not back")
		}
	})
	for what, spoil := range map[string]func(*awsaccount.Stack){
		"another stage's": func(s *awsaccount.Stack) {
			s.Tags = []types.Tag{{Key: aws.String(stage.Tag), Value: aws.String("prod")}}
		},
		"another tool's": func(s *awsaccount.Stack) { s.Parameters = nil },
	} {
		story(t, what, lost, func(t *testing.T, a *awsAccount) {
			spoil(a.Current())
			o := a.run("recover", "--adopt", "--yes")
			o.wants(t, exitRefused, "was not made by renpyctl")
			o.changedNothing(t)
		})
	}
}
