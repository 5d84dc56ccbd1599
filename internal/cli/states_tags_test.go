package cli

import (
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

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
