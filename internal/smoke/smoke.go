// Package smoke tries a deployed stage as players use it: a synthetic player signs in,
// sends saves from one device and fetches them on another, where they must be the same
// byte for byte. Then the player goes without a trace.
//
// The test changes nothing for anybody else. Several may run at once: each has a player
// of its own. What a run leaves that is killed, the next one erases.
package smoke

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/gameclient"
	"github.com/renpy-cloud/renpyctl/internal/players"
	"github.com/renpy-cloud/renpyctl/internal/support"
)

// Accounts makes, lists and deletes the accounts of synthetic players; *[players.Pool] does.
type Accounts interface {
	support.Accounts
	CreateSynthetic(context.Context) (player players.Player, password string, err error)
	Synthetic(context.Context) iter.Seq2[players.Player, error]
}

// Eraser erases synthetic players; *[support.Desk] does.
type Eraser interface {
	EraseSynthetic(context.Context, support.Accounts, players.Player) error
}

// Test is what a test of a stage is made with.
type Test struct {
	Accounts Accounts
	Desk     Eraser
	Game     *gameclient.Client
}

// Name names a step of a test.
type Name string

// The steps, in their order.
const (
	Account  Name = "account"  // an account is made
	SignIn   Name = "sign-in"  // as a game does
	Plan     Name = "plan"     // the first device is asked for its saves
	Upload   Name = "upload"   // it sends them
	Complete Name = "complete" // and says so
	Offer    Name = "offer"    // the second device is offered them
	Download Name = "download" // it fetches them
	Compare  Name = "compare"  // they are what was sent
	CleanUp  Name = "clean-up" // nothing is left of the player
)

// Step is a step that is over.
type Step struct {
	Name  Name
	Took  time.Duration
	Bytes int64 // of saves that were sent or fetched
	Err   error
}

// Observer is told what happens, one thing at a time.
type Observer interface {
	Began(Name)
	Ended(Step)
}

// Report is what came of a test.
type Report struct {
	Steps []Step
	Swept int // players whom earlier tests had left, and who are gone now
}

// FailedError says that the stage failed the test.
type FailedError struct {
	Step Name
	err  error
}

func (e *FailedError) Error() string { return fmt.Sprintf("the stage failed at %s: %v", e.Step, e.err) }

// Unwrap returns what was wrong.
func (e *FailedError) Unwrap() error { return e.err }

// UnrunError says that the test could not be run to its end, which tells nothing about
// the stage.
type UnrunError struct {
	Step Name
	err  error
}

func (e *UnrunError) Error() string {
	return fmt.Sprintf("the test could not be run, at %s: %v", e.Step, e.err)
}

// Unwrap returns why.
func (e *UnrunError) Unwrap() error { return e.err }

const (
	// accountLimit is how long making the account may take, and cleanUpLimit erasing all.
	accountLimit = time.Minute
	cleanUpLimit = 2 * time.Minute
	// playLimit is after how long no further step is begun.
	playLimit = 5 * time.Minute
	// abandoned is by how much an account is older than this test's, by Cognito's clock,
	// if no test that still runs can have made it.
	abandoned = 15 * time.Minute
)

// errSlow says that a test takes too long for its outcome to mean anything.
var errSlow = fmt.Errorf("it has taken more than %s by now", playLimit)

// Run tries the stage and cleans up, also after a failure or an interruption. What
// was sent is answered first: a request that is left alone could write something after
// all was erased. The errors are *[FailedError], *[UnrunError] and the context's, and
// beside one of them or alone *[support.ResidueError] for everybody who could not be erased.
func (t Test) Run(ctx context.Context, o Observer) (Report, error) {
	r := &run{Test: t, observer: o, one: played(), two: installed()}
	err := r.play(ctx)
	return r.report, errors.Join(err, r.cleanUp(ctx))
}

// run is a test that runs.
type run struct {
	Test
	observer Observer
	report   Report

	player   players.Player
	password string
	session  *gameclient.Session
	one, two device
	plan     gameclient.Plan // of the device whose turn it is
	silent   time.Time       // when the last request began that got no answer, zero for none
}

// play goes from the account to the same saves on both devices.
func (r *run) play(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, playLimit, errSlow)
	defer cancel()
	for _, step := range []struct {
		name Name
		do   func(context.Context) (bytes int64, err error)
	}{
		{Account, r.makeAccount}, {SignIn, r.signIn}, {Plan, r.planUploads}, {Upload, r.upload}, {Complete, r.complete},
		{Offer, r.planDownloads}, {Download, r.download}, {Compare, r.compare},
	} {
		if ctx.Err() != nil {
			return over(ctx, step.name)
		}
		if err := r.step(ctx, step.name, step.do); err != nil {
			return err
		}
	}
	return nil
}

// step does one step, and says what its failure means.
func (r *run) step(ctx context.Context, name Name, do func(context.Context) (int64, error)) error {
	r.observer.Began(name)
	start := time.Now()
	bytes, err := do(ctx)
	r.ended(Step{name, time.Since(start), bytes, err})
	if err != nil && ctx.Err() != nil {
		return over(ctx, name)
	}
	return judge(name, err)
}

func (r *run) ended(s Step) {
	r.report.Steps = append(r.report.Steps, s)
	r.observer.Ended(s)
}

// over says why the context has ended before a step did.
func over(ctx context.Context, name Name) error {
	cause := context.Cause(ctx)
	if errors.Is(cause, errSlow) {
		return &UnrunError{name, cause}
	}
	return cause
}

// judge tells a failure of the stage from what keeps the test from being run. Cognito
// and API Gateway always answer whoever reaches them; where a URL leads, the stage says.
func judge(name Name, err error) error {
	refusal, answered := errors.AsType[*gameclient.Error](err)
	_, silent := errors.AsType[*gameclient.NoAnswerError](err)
	transfer := name == Upload || name == Download
	switch {
	case err == nil:
		return nil
	case name == Account && cloud.IsNotFound(err): // there is no user pool where the stage has one
		return &FailedError{name, err}
	case name == Account, silent && !transfer, answered && busy(refusal), answered && name == SignIn && refusal.Status >= 500:
		return &UnrunError{name, err}
	}
	return &FailedError{name, err}
}

func (r *run) makeAccount(ctx context.Context) (_ int64, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), accountLimit)
	defer cancel()
	r.player, r.password, err = r.Accounts.CreateSynthetic(ctx)
	if r.player.Sub == "" && unsure(err) {
		err = fmt.Errorf("%w; the account may have been made all the same: the next test erases it once it is %.0f minutes old", err, abandoned.Minutes())
	}
	return 0, err
}

// unsure tells of an error after which nobody knows whether what was asked for was done.
func unsure(err error) bool {
	switch cloud.KindOf(err) {
	case cloud.Unreachable, cloud.NotAWS, cloud.Other:
		return err != nil && !cloud.Refused(err)
	}
	return false
}

// cleanUp erases the player, and those whom earlier tests have left.
func (r *run) cleanUp(ctx context.Context) error {
	if r.player.Sub == "" {
		return nil
	}
	interrupted := ctx.Err() != nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpLimit)
	defer cancel()
	r.observer.Began(CleanUp)
	start := time.Now()
	err := r.waitForSilent(ctx)
	if err == nil {
		err = r.Desk.EraseSynthetic(ctx, r.Accounts, r.player)
	}
	if !interrupted {
		err = errors.Join(err, r.sweep(ctx))
	}
	r.ended(Step{Name: CleanUp, Took: time.Since(start), Err: err})
	return err
}

// waitForSilent waits until what got no answer cannot be at work any more.
func (r *run) waitForSilent(ctx context.Context) error {
	if r.silent.IsZero() {
		return nil
	}
	return cloud.Sleep(ctx, time.Until(r.silent.Add(gameclient.Timeout)))
}

// sweep erases the players whom tests have left that were killed.
func (r *run) sweep(ctx context.Context) error {
	var list []players.Player
	for player, err := range r.Accounts.Synthetic(ctx) {
		if err != nil {
			return fmt.Errorf("look for players whom earlier tests have left: %w", err)
		}
		if player.Created.Before(r.player.Created.Add(-abandoned)) {
			list = append(list, player)
		}
	}
	var errs []error
	for _, player := range list {
		err := r.Desk.EraseSynthetic(ctx, r.Accounts, player)
		if err == nil {
			r.report.Swept++
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
