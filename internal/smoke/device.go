package smoke

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/gameclient"
)

// device is a player's save folder, in memory.
type device struct {
	files   map[string][]byte
	changed time.Time // when all of them were
}

// What the saves hold. None is like another one, and they are as large as small real ones.
const (
	saveBytes       = 20_000
	persistentBytes = 2_000
)

// played is a device on which a save was just made.
func played() device {
	return device{map[string][]byte{
		"persistent":   gameclient.Persistent(gameclient.RandomText(persistentBytes)),
		"1-1-LT1.save": gameclient.Save(gameclient.RandomText(saveBytes)),
	}, time.Now()}
}

// installed is a device on which the game was opened the day before, and not played.
func installed() device {
	return device{map[string][]byte{"persistent": gameclient.Persistent(gameclient.RandomText(persistentBytes / 2))}, time.Now().Add(-24 * time.Hour)}
}

func (d device) manifest() gameclient.Manifest {
	m := gameclient.Manifest{}
	for name, content := range d.files {
		m[name] = gameclient.NewEntry(name, content, d.changed)
	}
	return m
}

func (d device) names() []string { return slices.Sorted(maps.Keys(d.files)) }

const (
	// tries is how often a request is made that gets no answer, or is too much just now.
	tries = 3
	// firstPause is before the second try; it doubles.
	firstPause = 500 * time.Millisecond
)

// ask makes a request of the game's, and again where that may help. Between two tries
// it can be interrupted; a request that is on its way is waited for.
func (r *run) ask(ctx context.Context, request func(context.Context) error) error {
	for try := 1; ; try++ {
		began := time.Now()
		err := request(context.WithoutCancel(ctx))
		_, silent := errors.AsType[*gameclient.NoAnswerError](err)
		if silent {
			r.silent = began
		}
		refusal, answered := errors.AsType[*gameclient.Error](err)
		if !silent && !(answered && busy(refusal)) || try == tries {
			return err
		}
		if err := cloud.Sleep(ctx, firstPause<<(try-1)); err != nil {
			return err
		}
	}
}

// busy tells of an answer that it would be another one later. Cognito says so by a code
// (API reference, common errors), the API by the status alone: what the functions
// answer, of whom a new player asks too much at once, has a code.
func busy(e *gameclient.Error) bool {
	return e.Status == http.StatusTooManyRequests && e.Code == "" || e.Code == "TooManyRequestsException" || e.Code == "LimitExceededException"
}

func (r *run) signIn(ctx context.Context) (int64, error) {
	return 0, r.ask(ctx, func(ctx context.Context) (err error) {
		r.session, err = r.Game.SignIn(ctx, r.player.Email, r.password)
		return err
	})
}

func (r *run) planFor(ctx context.Context, d device) error {
	return r.ask(ctx, func(ctx context.Context) (err error) {
		r.plan, err = r.session.Plan(ctx, d.manifest())
		return err
	})
}

// planUploads asks what the first device is to do, which is to send everything.
func (r *run) planUploads(ctx context.Context) (int64, error) {
	if err := r.planFor(ctx, r.one); err != nil {
		return 0, err
	}
	return 0, r.has(true, "the first device is not asked for %s")
}

// planDownloads asks what the second device is to do, which is to fetch everything.
func (r *run) planDownloads(ctx context.Context) (int64, error) {
	if err := r.planFor(ctx, r.two); err != nil {
		return 0, err
	}
	return 0, r.has(false, "the second device is not offered %s")
}

// has returns an error unless the plan has a transfer of every file of the first device.
func (r *run) has(upload bool, text string) error {
	transfers := r.plan.Transfers()
	for _, name := range r.one.names() {
		if !slices.ContainsFunc(transfers, func(t gameclient.Transfer) bool { return t.Filename == name && t.Upload == upload }) {
			return fmt.Errorf(text, name)
		}
	}
	return nil
}

func (r *run) upload(ctx context.Context) (int64, error) { return r.carryOut(ctx, r.one) }

func (r *run) download(ctx context.Context) (int64, error) { return r.carryOut(ctx, r.two) }

// carryOut makes the plan's transfers on a device, in their order, and counts bytes.
func (r *run) carryOut(ctx context.Context, d device) (count int64, err error) {
	for _, t := range r.plan.Transfers() {
		if err := r.transfer(ctx, d, t); err != nil {
			return count, fmt.Errorf("%s: %w", t.Filename, err)
		}
		count += int64(len(d.files[t.Filename]))
	}
	return count, nil
}

func (r *run) transfer(ctx context.Context, d device, t gameclient.Transfer) error {
	if !t.Upload {
		return r.ask(ctx, func(ctx context.Context) (err error) {
			d.files[t.Filename], err = r.Game.Get(ctx, gameclient.Download{Filename: t.Filename, URL: t.URL})
			return err
		})
	}
	content, there := d.files[t.Filename]
	if !there {
		return errors.New("the plan asks for a file that the device does not have")
	}
	return r.ask(ctx, func(ctx context.Context) error {
		return r.Game.Put(ctx, gameclient.Upload{Filename: t.Filename, URL: t.URL}, content)
	})
}

func (r *run) complete(ctx context.Context) (int64, error) { return 0, r.ask(ctx, r.session.Complete) }

// compare holds what the second device has to what the first one sent.
func (r *run) compare(context.Context) (int64, error) {
	for _, name := range r.one.names() {
		sent, fetched := r.one.files[name], r.two.files[name]
		if !bytes.Equal(sent, fetched) {
			return 0, fmt.Errorf("%s came back as other bytes: %d were sent, %d fetched", name, len(sent), len(fetched))
		}
	}
	return 0, nil
}
