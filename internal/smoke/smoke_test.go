package smoke_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/gameclient"
	"github.com/renpy-cloud/renpyctl/internal/players"
	"github.com/renpy-cloud/renpyctl/internal/smoke"
	"github.com/renpy-cloud/renpyctl/internal/support"
)

// world is an account with a stage that is being tried.
type world struct {
	*awsaccount.Account
	game *awsaccount.Game
	pool *players.Pool

	mu     sync.Mutex // of erased, since several tests may be run at once
	erased []string   // addresses of those who are erased
	cannot error      // why nobody can be
	steps  []smoke.Name
	began  func(smoke.Name) // is told of each step, nil for nobody
}

// EraseSynthetic implements smoke.Eraser.
func (w *world) EraseSynthetic(ctx context.Context, accounts support.Accounts, p players.Player) error {
	if w.cannot != nil || ctx.Err() != nil {
		return errors.Join(w.cannot, ctx.Err())
	}
	w.mu.Lock()
	w.erased = append(w.erased, p.Email)
	w.mu.Unlock()
	return accounts.Delete(ctx, p)
}

// Began implements smoke.Observer.
func (w *world) Began(name smoke.Name) {
	w.steps = append(w.steps, name)
	if w.began != nil {
		w.began(name)
	}
}

// Ended implements smoke.Observer.
func (w *world) Ended(smoke.Step) {}

func (w *world) test() smoke.Test {
	config := gameclient.Config{APIBaseURL: "https://api.example.com", GameID: "my_game", Region: awsaccount.Region, ClientID: awsaccount.Physical(cfn.UserPoolClient)}
	return smoke.Test{Accounts: w.pool, Desk: w, Game: gameclient.New(config, w.game)}
}

// inWorld runs a test where waiting costs no time.
func inWorld(t *testing.T, what string, tell func(t *testing.T, w *world)) {
	t.Helper()
	t.Run(what, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a := awsaccount.New(t)
			a.Buckets[awsaccount.Physical(cfn.SaveFilesBucket)] = map[string][]byte{}
			a.Directory.Add(1, "ann@example.com")
			w := &world{Account: a, game: a.Game(), pool: players.NewPool(idp.NewFromConfig(a.Config(cloud.Options{})), awsaccount.Physical(cfn.UserPool))}
			tell(t, w)
		})
	})
}

// verdict tells the outcomes apart: "", "failed at plan", "unrun at account", or another error.
func verdict(err error) string {
	if failed, ok := errors.AsType[*smoke.FailedError](err); ok {
		return "failed at " + string(failed.Step)
	}
	if unrun, ok := errors.AsType[*smoke.UnrunError](err); ok {
		return "unrun at " + string(unrun.Step)
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// gone fails the test unless the test's players are gone, and nobody else.
func (w *world) gone(t *testing.T) {
	t.Helper()
	if len(w.Directory.Users) != 1 || w.Directory.Users[0].Email != "ann@example.com" {
		t.Errorf("there are %d accounts", len(w.Directory.Users))
	}
}

func TestASaveTravels(t *testing.T) {
	inWorld(t, "as a game sends it", func(t *testing.T, w *world) {
		report, err := w.test().Run(t.Context(), w)
		if err != nil {
			t.Fatal(err)
		}
		want := []smoke.Name{smoke.Account, smoke.SignIn, smoke.Plan, smoke.Upload, smoke.Complete, smoke.Offer, smoke.Download, smoke.Compare, smoke.CleanUp}
		var got []smoke.Name
		for _, step := range report.Steps {
			got = append(got, step.Name)
		}
		if !slices.Equal(got, want) || !slices.Equal(w.steps, want) || report.Steps[3].Bytes < 20_000 || report.Steps[6].Bytes < 20_000 {
			t.Errorf("the steps are %v, told as %v: %+v", got, w.steps, report)
		}
		asked := []string{"InitiateAuth", "POST /sync/plan", "PUT persistent", "PUT 1-1-LT1.save", "POST /sync/complete", "POST /sync/plan"}
		if len(w.game.Asked) < len(asked) || !slices.Equal(w.game.Asked[:len(asked)], asked) {
			t.Errorf("the game asked for %q", w.game.Asked)
		}
		if len(w.erased) != 1 || len(w.Directory.Mails) > 0 {
			t.Errorf("erased are %q, mails %q", w.erased, w.Directory.Mails)
		}
		w.gone(t)
	})
}

// refuses answers every request of a name.
func refuses(name string, status int, body string) func(string) (*http.Response, error) {
	return func(what string) (*http.Response, error) {
		if what != name {
			return nil, nil
		}
		return awsaccount.Answer(status, body), nil
	}
}

// silent gives a request no answer.
func silent(name string) func(string) (*http.Response, error) {
	return func(what string) (*http.Response, error) {
		if what != name {
			return nil, nil
		}
		return nil, errors.New("connection reset by peer")
	}
}

// What the stage does wrong is told from what keeps the test from being run, and either
// way the player goes.
func TestFaults(t *testing.T) {
	const plan, complete = "POST /sync/plan", "POST /sync/complete"
	for _, tc := range []struct {
		what  string
		fault func(string) (*http.Response, error)
		want  string
	}{
		{"a function has no code", refuses(plan, 500, `{"message":"Internal Server Error"}`), "failed at plan"},
		{"the store cannot be read", refuses(complete, 503, `{"error":"unavailable","message":"Try later."}`), "failed at complete"},
		{"the API does not know its players", refuses(plan, 401, `{"message":"Unauthorized"}`), "failed at plan"},
		{"something else answers", refuses(plan, 200, `<html>`), "failed at plan"},
		{"a new player asks too much", refuses(plan, 429, `{"error":"too_many","message":"Try later."}`), "failed at plan"},
		{"nothing is asked for", refuses(plan, 200, `{"uploads":[],"downloads":[],"conflicts":[],"deletes":[]}`), "failed at plan"},
		{"the upload is refused", refuses("PUT 1-1-LT1.save", 403, `<Error/>`), "failed at upload"},
		{"the upload leads nowhere", silent("PUT persistent"), "failed at upload"},
		{"the upload is kept nowhere", refuses("PUT 1-1-LT1.save", 200, ""), "failed at offer"},
		{"the download is gone", refuses("GET persistent", 404, `<Error/>`), "failed at download"},
		{"other bytes come back", refuses("GET 1-1-LT1.save", 200, "other bytes"), "failed at compare"},
		{"the sign-in is refused", refuses("InitiateAuth", 400, `{"__type":"InvalidParameterException","message":"USER_PASSWORD_AUTH flow not enabled for this client"}`), "failed at sign-in"},

		{"Cognito cannot be reached", silent("InitiateAuth"), "unrun at sign-in"},
		{"Cognito has a fault", refuses("InitiateAuth", 500, `{"__type":"InternalErrorException"}`), "unrun at sign-in"},
		{"Cognito is busy", refuses("InitiateAuth", 400, `{"__type":"TooManyRequestsException"}`), "unrun at sign-in"},
		{"the API cannot be reached", silent(plan), "unrun at plan"},
		{"the API is busy", refuses(plan, 429, `{"message":"Too Many Requests"}`), "unrun at plan"},
	} {
		inWorld(t, tc.what, func(t *testing.T, w *world) {
			w.game.Fault = tc.fault
			_, err := w.test().Run(t.Context(), w)
			if got := verdict(err); got != tc.want {
				t.Errorf("%q (%v), want %q", got, err, tc.want)
			}
			w.gone(t)
		})
	}
}

// Once is no fault: what is lost on the way, or too much just now, is asked for again.
func TestPassingFaults(t *testing.T) {
	for _, name := range []string{"InitiateAuth", "POST /sync/plan", "PUT persistent", "POST /sync/complete", "GET persistent"} {
		inWorld(t, name, func(t *testing.T, w *world) {
			for _, fault := range []func(string) (*http.Response, error){silent(name), refuses(name, 429, `{}`)} {
				once := true
				w.game.Fault = func(what string) (*http.Response, error) {
					if what != name || !once {
						return nil, nil
					}
					once = false
					return fault(what)
				}
				if _, err := w.test().Run(t.Context(), w); err != nil || once {
					t.Errorf("%v, asked %v", err, !once)
				}
			}
		})
	}
}

func TestWithoutAnAccount(t *testing.T) {
	inWorld(t, "the test is not run", func(t *testing.T, w *world) {
		w.Account.Fault = func(call string) awsaccount.Fault {
			if strings.Contains(call, "AdminCreateUser") {
				return awsaccount.Fault{Before: denied}
			}
			return awsaccount.Fault{}
		}
		_, err := w.test().Run(t.Context(), w)
		if verdict(err) != "unrun at account" || cloud.KindOf(err) != cloud.Denied || len(w.game.Asked) > 0 {
			t.Errorf("%v, asked %q", err, w.game.Asked)
		}
		w.gone(t)
	})
	inWorld(t, "the answer is lost", func(t *testing.T, w *world) {
		w.Account.Fault = func(call string) awsaccount.Fault {
			if strings.Contains(call, "AdminCreateUser") {
				return awsaccount.Fault{After: awsfake.ErrLost}
			}
			return awsaccount.Fault{}
		}
		if _, err := w.test().Run(t.Context(), w); verdict(err) != "unrun at account" || !strings.Contains(err.Error(), "may have been made") {
			t.Error(err)
		}
	})
	inWorld(t, "where the user pool is deleted, the stage has failed", func(t *testing.T, w *world) {
		w.Account.Fault = func(call string) awsaccount.Fault {
			if strings.Contains(call, "AdminCreateUser") {
				return awsaccount.Fault{Before: awsfake.Error{Code: "ResourceNotFoundException", Message: "User pool eu-west-1_x does not exist.", Status: 400}}
			}
			return awsaccount.Fault{}
		}
		if _, err := w.test().Run(t.Context(), w); verdict(err) != "failed at account" || strings.Contains(err.Error(), "may have been made") {
			t.Error(err)
		}
	})
	inWorld(t, "half an account goes", func(t *testing.T, w *world) {
		w.Account.Fault = func(call string) awsaccount.Fault {
			if strings.Contains(call, "AdminSetUserPassword") {
				return awsaccount.Fault{Before: denied}
			}
			return awsaccount.Fault{}
		}
		_, err := w.test().Run(t.Context(), w)
		if verdict(err) != "unrun at account" || len(w.erased) != 1 {
			t.Errorf("%v, erased %q", err, w.erased)
		}
		w.gone(t)
	})
}

// An interruption lets the request end that is on its way, and then cleans up.
func TestInterrupted(t *testing.T) {
	for at, asked := range map[smoke.Name]string{
		smoke.Account: "", smoke.SignIn: "InitiateAuth", smoke.Plan: "POST /sync/plan", smoke.Upload: "PUT 1-1-LT1.save",
		smoke.Complete: "POST /sync/complete", smoke.Download: "GET persistent",
	} {
		inWorld(t, string(at), func(t *testing.T, w *world) {
			ctx, interrupt := context.WithCancelCause(t.Context())
			reason := errors.New("Ctrl-C")
			w.began = func(name smoke.Name) {
				if name == at {
					interrupt(reason)
				}
			}
			_, err := w.test().Run(ctx, w)
			if !errors.Is(err, reason) || verdict(err) != "Ctrl-C" || len(w.erased) != 1 {
				t.Errorf("%v, erased %q", err, w.erased)
			}
			if w.steps[len(w.steps)-1] != smoke.CleanUp || w.steps[len(w.steps)-2] != at {
				t.Errorf("the steps were %v", w.steps)
			}
			if asked != "" && !slices.Contains(w.game.Asked, asked) {
				t.Errorf("%q was not waited for: %q", asked, w.game.Asked)
			}
			w.gone(t)
		})
	}
}

// A request without an answer may still be at work: what it writes after the erasing
// would stay for ever.
func TestWhatGotNoAnswerIsWaitedFor(t *testing.T) {
	inWorld(t, "at the completion", func(t *testing.T, w *world) {
		w.game.Fault = silent("POST /sync/complete")
		start := time.Now()
		if _, err := w.test().Run(t.Context(), w); verdict(err) != "unrun at complete" {
			t.Error(err)
		}
		if waited := time.Since(start); waited < gameclient.Timeout {
			t.Errorf("erased after %s", waited)
		}
		w.gone(t)
	})
}

// A test that was killed leaves its player. A later one erases whoever no test can be at
// work with any more, and nobody else.
func TestSweep(t *testing.T) {
	inWorld(t, "after a kill", func(t *testing.T, w *world) {
		old, _, err := w.pool.CreateSynthetic(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		young, _, err := w.pool.CreateSynthetic(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		report, err := w.test().Run(t.Context(), w)
		if err != nil || report.Swept != 1 || !slices.Contains(w.erased, old.Email) || slices.Contains(w.erased, young.Email) {
			t.Errorf("%+v, %v; erased are %q", report, err, w.erased)
		}
		if len(w.Directory.Users) != 2 {
			t.Errorf("there are %d accounts", len(w.Directory.Users))
		}
	})
	inWorld(t, "who cannot be listed", func(t *testing.T, w *world) {
		w.Account.Fault = func(call string) awsaccount.Fault {
			if strings.Contains(call, "ListUsers") {
				return awsaccount.Fault{Before: denied}
			}
			return awsaccount.Fault{}
		}
		if _, err := w.test().Run(t.Context(), w); err == nil || !strings.Contains(err.Error(), "look for players") || len(w.erased) != 1 {
			t.Errorf("%v, erased %q", err, w.erased)
		}
	})
}

// Several tests at once each have their own player.
func TestSeveralAtOnce(t *testing.T) {
	inWorld(t, "three", func(t *testing.T, w *world) {
		errs := make(chan error)
		for range 3 {
			go func() {
				_, err := w.test().Run(t.Context(), quiet{})
				errs <- err
			}()
		}
		for range 3 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		w.gone(t)
	})
}

// quiet is an observer that does not care.
type quiet struct{}

func (quiet) Began(smoke.Name) {}
func (quiet) Ended(smoke.Step) {}

// A stage that answers too slowly for all steps is not tried for ever.
func TestSlow(t *testing.T) {
	inWorld(t, "answers", func(t *testing.T, w *world) {
		w.began = func(name smoke.Name) {
			if name != smoke.Account && name != smoke.CleanUp {
				time.Sleep(2 * time.Minute)
			}
		}
		if _, err := w.test().Run(t.Context(), w); verdict(err) != "unrun at complete" {
			t.Error(err)
		}
		w.gone(t)
	})
}

var denied = awsfake.Error{Code: "AccessDeniedException", Message: "not authorized to perform: cognito-idp:AdminCreateUser", Status: 400}
