package health

import (
	"context"
	"fmt"
	"slices"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/lambda"
)

// The checks of this file are about what is deployed.

// stackState tells whether the stack is in order, and not half removed.
func (p *patient) stackState(ctx context.Context) ([]Finding, error) {
	st, err := p.stack.get(ctx)
	if err != nil {
		return nil, err
	}
	return []Finding{stateOf(st)}, nil
}

// stateOf tells what a stack's state means.
func stateOf(st stack.Stack) Finding {
	found := fmt.Sprintf("the stack %s is %s", st.Name, st.Status)
	switch {
	case stage.Removing(st):
		return Finding{Grade: Problem, Found: "a removal of the stage has begun and is not finished",
			Means: "players cannot save to the cloud, and what was removed is gone", Mend: ours("remove")}
	case st.Status.InProgress():
		return Finding{Grade: Warning, Found: found, Means: "what is checked here is about to change", Mend: ours("deploy --watch")}
	case !st.Status.Updatable():
		return Finding{Grade: Problem, Found: found, Means: "nothing can be deployed; whether players are served is not certain", Mend: ours("recover")}
	}
	return Finding{Grade: Well, Found: found}
}

// version compares what is deployed with what this program carries.
func (p *patient) version(ctx context.Context) ([]Finding, error) {
	c, err := p.compared.get(ctx)
	if err != nil || !c.Stack.Status.Updatable() || len(lambda.Packages()) == 0 {
		return nil, err
	}
	if carried(c.State) {
		return well("the stage is what this program would deploy")
	}
	by := "by a version that nothing tells"
	if c.Record != nil {
		by = "by " + c.Record.Version
	}
	return one(Warning, fmt.Sprintf("release %d was deployed %s, and this program (%s) would deploy something else", c.Release(), by, p.program),
		"of an older and a newer program players get what was deployed last, its faults included", ours("plan"))
}

// carried tells whether a stage has the template and the functions that this program
// carries.
func carried(s *stage.State) bool {
	if cfn.SHA256(s.Template) != cfn.TemplateSHA256() {
		return false
	}
	packages := lambda.Packages()
	for _, f := range stage.Functions() {
		hash := stage.CodeHash(s.CodeKey(f.Name))
		if !slices.ContainsFunc(packages, func(z lambda.Package) bool { return z.Function.Name == f.Name && z.SHA256 == hash }) {
			return false
		}
	}
	return true
}

// drift tells what somebody has changed past renpyctl, and what protects the stage
// no more.
func (p *patient) drift(ctx context.Context) ([]Finding, error) {
	c, err := p.compared.get(ctx)
	if err != nil || !c.Stack.Status.Updatable() {
		return nil, err
	}
	var list []Finding
	for _, d := range c.Drift {
		if cfn.IsAlarm(d.LogicalID()) {
			continue // told by the check of alarms
		}
		for _, diff := range d.Differences {
			if diff.Setting == stage.StackPolicy && stage.Removing(c.Stack) || slices.Contains(checkedApart, diff.Setting) {
				continue // told with the stack, or by the check of its own
			}
			list = append(list, drifted(d, diff.Setting))
		}
	}
	if len(list) > 0 {
		return list, nil
	}
	return well(fmt.Sprintf("the stage is what release %d made it, and protected", c.Release()))
}

// checkedApart are the settings that other checks look at.
var checkedApart = []string{stage.TableRecovery, stage.BucketVersioning, stage.BucketPrivacy, stage.BucketTLS}

// drifted is what one difference means.
func drifted(d stage.Drifted, setting string) Finding {
	mend := ours("deploy")
	about, _ := cfn.Describe(d.LogicalID())
	switch {
	case d.Deleted() && about.Loss != "":
		return Finding{Grade: Problem, Found: d.Name + " is deleted", Means: "players have lost " + about.Loss, Mend: ours("drift")}
	case d.Deleted():
		return Finding{Grade: Problem, Found: d.Name + " is deleted", Means: "players may not be served, or nothing is written down of it", Mend: mend}
	case setting == stage.BucketPublic:
		return Finding{Grade: Problem, Found: "the policy of the bucket of saves lets everybody in", Means: "only the block on public access keeps players' saves private", Mend: mend}
	case setting == stage.BucketUploads:
		return Finding{Grade: Problem, Found: "the bucket of saves refuses uploads", Means: "players cannot save to the cloud", Mend: mend}
	case setting == stage.DeletionProtection && d.Name == stage.TheStack:
		return Finding{Grade: Problem, Found: "the stack is not protected against deletion",
			Means: "one wrong click deletes the API that shipped games call", Mend: mend}
	case setting == stage.DeletionProtection:
		return Finding{Grade: Problem, Found: d.Name + " is not protected against deletion",
			Means: "one wrong click, and players lose " + about.Loss, Mend: mend}
	case setting == stage.StackPolicy:
		return Finding{Grade: Warning, Found: "the stack's policy is not the one that keeps players' data",
			Means: "an update made past renpyctl may replace what players keep", Mend: mend}
	}
	return Finding{Grade: Warning, Found: fmt.Sprintf("%s: %s is not what the release made it", d.Name, setting),
		Means: "players are served by something that no release is", Mend: ours("drift")}
}

// artefacts tells whether what was deployed can be deployed again.
func (p *patient) artefacts(ctx context.Context) ([]Finding, error) {
	id, err := p.id.get(ctx)
	if err != nil {
		return nil, err
	}
	st, err := p.stack.get(ctx)
	if err != nil {
		return nil, err
	}
	contents, err := p.Artifacts(id.Account).Contents(ctx)
	if err != nil {
		return nil, err
	}
	return artefactsFound(contents, st.Parameters)
}

func artefactsFound(c release.Contents, parameters map[string]string) ([]Finding, error) {
	for _, f := range stage.Functions() {
		if key := parameters[f.CodeParameter]; key != "" && !c.Has(key) {
			return one(Warning, "the artefact bucket lacks the code that is live",
				"players are served; but nothing can be rolled back to this release", ours("deploy"))
		}
	}
	return well("the artefact bucket has the code that is live")
}
