package players_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/players"
)

// directory is a pool with one player in it.
func directory(t *testing.T) (*awsaccount.Directory, *players.Pool, *awsfake.Fake, *awsaccount.User) {
	fake := awsfake.New(t)
	d := &awsaccount.Directory{}
	d.Serve(fake)
	awsfake.On(fake, func(*idp.DescribeUserPoolInput) (*idp.DescribeUserPoolOutput, error) {
		return &idp.DescribeUserPoolOutput{UserPool: &types.UserPoolType{Policies: &types.UserPoolPolicyType{
			PasswordPolicy: &types.PasswordPolicyType{MinimumLength: aws.Int32(8), RequireLowercase: true, RequireUppercase: true, RequireNumbers: true},
		}}}, nil
	})
	return d, players.NewPool(idp.NewFromConfig(fake.Config()), poolID), fake, d.Add(1, "ann@example.com")
}

func find(t *testing.T, pool *players.Pool, name string) players.Player {
	t.Helper()
	p, err := pool.Find(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Without a verified address the player could never recover a password.
func TestConfirm(t *testing.T) {
	for _, meanwhile := range []bool{false, true} {
		_, pool, _, ann := directory(t)
		ann.Status, ann.Verified = "UNCONFIRMED", false
		p := find(t, pool, "ann")
		if meanwhile { // the player has followed the link
			ann.Status = "CONFIRMED"
		}
		for range 2 {
			var err error
			if p, err = pool.Confirm(t.Context(), p); err != nil {
				t.Fatal(err)
			}
			if ann.Status != "CONFIRMED" || !ann.Verified || p != find(t, pool, "ann") {
				t.Errorf("%+v, told as %+v", ann, p)
			}
		}
	}
}

func TestCreate(t *testing.T) {
	d, pool, fake, _ := directory(t)
	p, err := pool.Create(t.Context(), "bea@example.com", "Passw0rd")
	if err != nil {
		t.Fatal(err)
	}
	bea := d.Users[1]
	if bea.Status != "CONFIRMED" || !bea.Verified || bea.Password != "Passw0rd" || len(d.Mails) > 0 || p.State() != players.Confirmed || p.Sub != bea.Sub {
		t.Errorf("%+v, told as %+v; mails %q", bea, p, d.Mails)
	}
	if _, err := pool.Create(t.Context(), "Bea@example.com", "Passw0rd"); !errors.Is(err, players.ErrTaken) {
		t.Errorf("again: %v", err)
	}
	if bea.Password != "Passw0rd" {
		t.Error("the password of a player was changed")
	}

	// A run that was cut off before the password is finished by the next one.
	answer := func(*idp.AdminSetUserPasswordInput) (*idp.AdminSetUserPasswordOutput, error) {
		return nil, awsfake.ErrLost
	}
	awsfake.On(fake, answer)
	if _, err := pool.Create(t.Context(), "cy@example.com", "Passw0rd"); err == nil {
		t.Error("a lost call was no error")
	}
	d.Serve(fake)
	if _, err := pool.Create(t.Context(), "cy@example.com", "Passw0rd2"); err != nil || d.Users[2].Status != "CONFIRMED" || d.Users[2].Password != "Passw0rd2" {
		t.Errorf("not finished: %v, %+v", err, d.Users[2])
	}
}

// A weak password leaves no account that nobody can sign in to, and the pool's rules are told.
func TestWeakPasswords(t *testing.T) {
	d, pool, fake, ann := directory(t)
	_, created := pool.Create(t.Context(), "bea@example.com", "short")
	_, set := pool.SetPassword(t.Context(), find(t, pool, "ann"), "alllowercase")
	for _, err := range []error{created, set} {
		weak, ok := errors.AsType[*players.WeakPasswordError](err)
		if want := "at least 8 characters, a small letter, a capital letter and a digit"; !ok || weak.Rules != want {
			t.Errorf("%v, want the rules %q", err, want)
		}
	}
	if len(d.Users) != 1 || ann.Password != "" {
		t.Errorf("left behind: %+v", d.Users)
	}
	// Whoever may not read the rules is told what Cognito says.
	awsfake.On(fake, func(*idp.DescribeUserPoolInput) (*idp.DescribeUserPoolOutput, error) {
		return nil, awsfake.Error{Code: "AccessDeniedException", Message: "no"}
	})
	if _, err := pool.Create(t.Context(), "bea@example.com", "short"); err == nil || !strings.Contains(err.Error(), "Password not long enough") {
		t.Errorf("without the rules: %v", err)
	}
	if _, err := pool.Create(t.Context(), "bea@example.com", players.RandomPassword()); err != nil || players.CheckPassword(players.RandomPassword()) != nil || len(players.RandomPassword()) < 99 {
		t.Errorf("a random password: %v", err)
	}
}

func TestCheckPasswordAndEmail(t *testing.T) {
	for password, good := range map[string]bool{"Passw0rd": true, "": false, "two words": false, " x": false, strings.Repeat("x", 257): false} {
		if err := players.CheckPassword(password); err == nil != good || err != nil && password != "" && strings.Contains(err.Error(), password) {
			t.Errorf("%.9q: %v", password, err)
		}
	}
	for email, good := range map[string]bool{
		"a@b": true, "o'neil+x@example.com": true, "müller@example.com": true, "=1+1@example.com": true,
		"": false, "ann": false, "@b": false, "a@": false, "a b@c": false, "a@b\n": false, "a\x1b[31m@b": false, "a\u200b@b": false,
		strings.Repeat("a", 129-len("@example.com")) + "@example.com": false,
	} {
		if err := players.CheckEmail(email); err == nil != good {
			t.Errorf("%q: %v", email, err)
		}
	}
}

func TestSetEmail(t *testing.T) {
	d, pool, fake, ann := directory(t)
	d.Add(2, "bea@example.com")
	d.Add(3, "ann.lee@example.com.au") // another that begins so
	p, err := pool.SetEmail(t.Context(), find(t, pool, "ann@example.com"), "ann.lee@example.com")
	if err != nil || ann.Email != "ann.lee@example.com" || !ann.Verified || p.Email != ann.Email || p.Sub != ann.Sub {
		t.Errorf("%+v, told as %+v, %v", ann, p, err)
	}
	if _, err := pool.SetEmail(t.Context(), p, "Ann.Lee@example.com"); err != nil || ann.Email != "Ann.Lee@example.com" {
		t.Errorf("only a capital: %v", err)
	}
	before := len(fake.Calls())
	if _, err := pool.SetEmail(t.Context(), p, "bea@example.com"); !errors.Is(err, players.ErrTaken) {
		t.Errorf("another's address: %v", err)
	}
	for _, c := range fake.Calls()[before:] {
		if c.Operation != "ListUsers" {
			t.Errorf("%s was called for an address that is taken", c)
		}
	}
}

func TestResendDisableEnable(t *testing.T) {
	d, pool, _, ann := directory(t)
	if err := pool.Resend(t.Context(), find(t, pool, "ann"), "client"); !errors.Is(err, players.ErrConfirmed) || len(d.Mails) > 0 {
		t.Errorf("confirmed already: %v, mails %q", err, d.Mails)
	}
	ann.Status = "UNCONFIRMED"
	if err := pool.Resend(t.Context(), find(t, pool, "ann"), "client"); err != nil || len(d.Mails) != 1 {
		t.Errorf("%v, mails %q", err, d.Mails)
	}
	p, err := pool.Disable(t.Context(), find(t, pool, "ann"))
	if err != nil || !ann.Disabled || p.State() != players.Disabled {
		t.Errorf("disabled: %+v, told as %+v, %v", ann, p, err)
	}
	if p, err = pool.Enable(t.Context(), p); err != nil || ann.Disabled || p.State() != players.Unconfirmed {
		t.Errorf("enabled: %+v, told as %+v, %v", ann, p, err)
	}
}
