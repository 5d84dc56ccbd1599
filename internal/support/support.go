// Package support helps a player of a deployed stage. It joins what the sync protocol
// lets an operator do, [savesync.Operator], with the bucket, where only an operator may
// destroy anything, and the table.
//
// Begin with [Open]. Errors of the protocol are those of package savesync.
package support

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/bucket"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/saves"
	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/savesync/awsstore"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
)

// Desk is where somebody helps the players of a stage.
type Desk struct {
	*savesync.Operator
	Items *saves.Items
	// Bucket is the bucket of saves.
	Bucket bucket.Bucket

	objects bucket.Client
	// logs is how long log lines stay, backups how far back the table can be restored.
	logs, backups time.Duration
}

// Open opens the desk of a deployed stage. Account is whose the stage is, by who works
// here. It makes no call; the error says what the stack lacks.
func Open(at *stage.Stage, st stack.Stack, account, by string) (*Desk, error) {
	table, name := st.Outputs[cfn.OutputManifestTableName], st.Outputs[cfn.OutputSaveFilesBucketName]
	if table == "" || name == "" {
		return nil, fmt.Errorf("the stack %s has no table and bucket of saves yet (%s)", st.Name, st.Status)
	}
	config := awsstore.Config{
		Region: at.Config.Region, URLSuffix: cloud.URLSuffix(at.Config.Region), Endpoint: aws.ToString(at.Config.BaseEndpoint),
		Credentials: at.Config.Credentials, Table: table, Bucket: name,
	}
	// A client that is a transport by itself, as those of tests are, is there to see every call.
	config.Transport, _ = at.Config.HTTPClient.(http.RoundTripper)
	p := parameters{of: st.Parameters}
	manifests, objects := awsstore.NewManifests(config), awsstore.NewObjects(config)
	desk := &Desk{
		Operator: &savesync.Operator{
			Service: &savesync.Service{
				Limits: savesync.Limits{
					FileBytes:         p.number(cfn.ParamMaxFileBytes),
					PlayerBytes:       p.number(cfn.ParamMaxPlayerBytes),
					PlayerBytesPerDay: p.number(cfn.ParamMaxPlayerBytesPerDay),
					PlayerFiles:       int(p.number(cfn.ParamMaxPlayerFiles)),
				},
				Manifests: manifests, Objects: objects, Now: manifests.Now,
				Unchecked: p.of[cfn.ParamCheckSaves] == "false",
			},
			Archive: objects, By: by, Retention: days(p.number(cfn.ParamSaveRetentionDays)),
		},
		Items:   saves.NewItems(dynamodb.NewFromConfig(at.Config), table),
		Bucket:  bucket.Bucket{Name: name, Owner: account},
		objects: cloud.S3(at.Config), logs: days(p.number(cfn.ParamLogRetentionDays)), backups: days(p.number(cfn.ParamTableRecoveryDays)),
	}
	return desk, p.err
}

func days(n int64) time.Duration { return time.Duration(n) * 24 * time.Hour }

// parameters are a stack's, and the first error of reading one.
type parameters struct {
	of  map[string]string
	err error
}

// number returns a number, its default where the stack is older than the parameter.
func (p *parameters) number(name string) int64 {
	text := p.of[name]
	if i := slices.IndexFunc(cfn.Settings(), func(s cfn.Setting) bool { return s.Name == name }); text == "" && i >= 0 {
		text = cfn.Settings()[i].Default
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		p.err = cmp.Or(p.err, fmt.Errorf("the stack's parameter %s is %q, not a number", name, text))
	}
	return n
}

// Now is the stores' time.
func (d *Desk) Now() time.Time {
	if d.Service.Now == nil {
		return time.Now()
	}
	return d.Service.Now()
}

// below is where all that is kept of a player lies.
func below(player string) []string { return []string{"users/" + player + "/", "inbox/" + player + "/"} }

// page is the page of the game's menu that a save is on, "" for what is on none.
func page(name string) string {
	page, _, _ := strings.Cut(name, "-")
	if strings.Trim(page, "0123456789") != "" || page == name {
		return ""
	}
	return page
}
