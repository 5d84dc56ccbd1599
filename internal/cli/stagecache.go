package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/stage"
)

// The stages of an account and region are remembered for completion, by their
// names alone: a shell does not wait for AWS. What cannot be kept is asked again.

// freshStages is how long nobody asks AWS again which stages there are.
const freshStages = time.Minute

// stageCache is the file with the names for what flags and variables choose; ""
// if there is no place for it. Its own name tells nothing of whose stages they are.
func (a *app) stageCache() string {
	if a.env.CacheDir == nil {
		return ""
	}
	dir, err := a.env.CacheDir()
	if err != nil {
		return ""
	}
	place := []string{"local", strconv.Itoa(a.flags.localPort), a.env.Getenv("RENPYCTL_LOCAL_DIR")}
	if !a.flags.local {
		place = []string{a.flags.profile, a.flags.region}
		for _, name := range []string{"AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL"} {
			place = append(place, a.env.Getenv(name))
		}
	}
	sum := sha256.Sum256([]byte(strings.Join(place, "\x00")))
	return filepath.Join(dir, "renpyctl", "stages", hex.EncodeToString(sum[:8]))
}

// rememberedStages are the names in the file, and whether they are fresh.
func (a *app) rememberedStages() (names []string, fresh bool) {
	file := a.stageCache()
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, false
	}
	for _, name := range strings.Fields(string(text)) {
		if stage.Name(name).Valid() {
			names = append(names, name)
		}
	}
	at, err := os.Stat(file)
	return names, err == nil && time.Since(at.ModTime()) < freshStages
}

// rememberStages keeps the names of all stages that were listed.
func (a *app) rememberStages(names []string) {
	file := a.stageCache()
	if file == "" || os.MkdirAll(filepath.Dir(file), 0o700) != nil {
		return
	}
	_ = writePrivate(file, []byte(strings.Join(names, "\n")+"\n")) // a cache that is not written is none
}

// rememberStage keeps the stage that the command was about, or forgets one that is gone.
func (a *app) rememberStage(there bool) {
	names, _ := a.rememberedStages()
	known := slices.Contains(names, a.flags.stage)
	switch {
	case there && !known:
		a.rememberStages(append(names, a.flags.stage))
	case !there && known:
		a.rememberStages(slices.DeleteFunc(names, func(n string) bool { return n == a.flags.stage }))
	}
}

// listStages asks which stages there are where the command works.
func (s *session) listStages(ctx context.Context) ([]string, error) {
	list, err := stage.Names(ctx, s.at.Config)
	var names []string
	for _, n := range list {
		names = append(names, string(n))
	}
	if err == nil {
		s.rememberStages(names)
	}
	return names, err
}

// otherStages says which stages there are instead of one that is not there, or how
// it is created.
func (a *app) otherStages(ctx context.Context) string {
	hint := a.command("deploy") + " creates it"
	if !a.flags.local {
		hint += "; --region and --profile choose where to look"
	}
	others := a.stagesBeside(ctx)
	switch near := nearest(a.flags.stage, others); {
	case near != "":
		return "did you mean --stage " + near + "? " + hint
	case len(others) > 0:
		return "there are " + strings.Join(others, ", ") + "; " + hint
	}
	return hint
}

// stagesBeside are the other stages that there are.
func (a *app) stagesBeside(ctx context.Context) (others []string) {
	if a.cloud.Region == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	list, err := stage.Names(ctx, a.cloud)
	if err != nil {
		return nil // what is wrong is said already
	}
	for _, n := range list {
		if n != a.stage() {
			others = append(others, string(n))
		}
	}
	return others
}
