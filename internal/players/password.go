package players

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// WeakPasswordError says that the pool refuses a password.
type WeakPasswordError struct {
	Rules string // what it wants, in words
}

func (e *WeakPasswordError) Error() string { return "the password is too weak: it needs " + e.Rules }

// CheckPassword refuses what no pool takes, before Cognito is asked.
func CheckPassword(password string) error {
	switch {
	case password == "":
		return errors.New("the password is empty")
	case strings.ContainsFunc(password, unicode.IsSpace):
		return errors.New("the password has blanks in it, which Cognito does not take")
	case len(password) > 256:
		return errors.New("the password is longer than 256 characters")
	}
	return nil
}

// weak makes a *[WeakPasswordError] of Cognito's refusal of a password, and
// leaves other errors as they are.
func (p *Pool) weak(ctx context.Context, err error) error {
	if cloud.Code(err) != "InvalidPasswordException" {
		return err
	}
	pool, unread := p.describe(ctx)
	if unread != nil || pool == nil || pool.Policies == nil || pool.Policies.PasswordPolicy == nil {
		return err // which names one of the rules
	}
	return &WeakPasswordError{Rules: inWords(pool.Policies.PasswordPolicy)}
}

// inWords says what a password needs: "8 characters, a small letter and a digit".
func inWords(policy *types.PasswordPolicyType) string {
	rules := []string{fmt.Sprintf("at least %d characters", aws.ToInt32(policy.MinimumLength))}
	for _, r := range []struct {
		wanted bool
		what   string
	}{
		{policy.RequireLowercase, "a small letter"}, {policy.RequireUppercase, "a capital letter"},
		{policy.RequireNumbers, "a digit"}, {policy.RequireSymbols, "a symbol such as ! or -"},
	} {
		if r.wanted {
			rules = append(rules, r.what)
		}
	}
	last := len(rules) - 1
	if last == 0 {
		return rules[0]
	}
	return strings.Join(rules[:last], ", ") + " and " + rules[last]
}

// RandomPassword returns a password that nobody knows and every pool takes:
// longer than any minimum (99), with letters of both cases, digits and a symbol.
func RandomPassword() string {
	return rand.Text() + strings.ToLower(rand.Text()) + rand.Text() + rand.Text() + "-aA1"
}
