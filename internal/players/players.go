// Package players administers the accounts in the user pool. Players sign in
// with their e-mail address; what identifies them everywhere else is the sub.
//
// Reading costs nothing: ListUsers, unlike AdminGetUser, does not make a player
// count as active this month. Its filters are narrow and its emulators lax, so
// whatever comes back is compared here before anything is done to it.
package players

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// Client is the part of the Cognito API that this package uses.
type Client interface {
	idp.ListUsersAPIClient
	DescribeUserPool(context.Context, *idp.DescribeUserPoolInput, ...func(*idp.Options)) (*idp.DescribeUserPoolOutput, error)
	UpdateUserPool(context.Context, *idp.UpdateUserPoolInput, ...func(*idp.Options)) (*idp.UpdateUserPoolOutput, error)
	DeleteUserPool(context.Context, *idp.DeleteUserPoolInput, ...func(*idp.Options)) (*idp.DeleteUserPoolOutput, error)
	ResendConfirmationCode(context.Context, *idp.ResendConfirmationCodeInput, ...func(*idp.Options)) (*idp.ResendConfirmationCodeOutput, error)
	AdminConfirmSignUp(context.Context, *idp.AdminConfirmSignUpInput, ...func(*idp.Options)) (*idp.AdminConfirmSignUpOutput, error)
	AdminCreateUser(context.Context, *idp.AdminCreateUserInput, ...func(*idp.Options)) (*idp.AdminCreateUserOutput, error)
	AdminSetUserPassword(context.Context, *idp.AdminSetUserPasswordInput, ...func(*idp.Options)) (*idp.AdminSetUserPasswordOutput, error)
	AdminUpdateUserAttributes(context.Context, *idp.AdminUpdateUserAttributesInput, ...func(*idp.Options)) (*idp.AdminUpdateUserAttributesOutput, error)
	AdminDisableUser(context.Context, *idp.AdminDisableUserInput, ...func(*idp.Options)) (*idp.AdminDisableUserOutput, error)
	AdminEnableUser(context.Context, *idp.AdminEnableUserInput, ...func(*idp.Options)) (*idp.AdminEnableUserOutput, error)
	AdminUserGlobalSignOut(context.Context, *idp.AdminUserGlobalSignOutInput, ...func(*idp.Options)) (*idp.AdminUserGlobalSignOutOutput, error)
	AdminDeleteUser(context.Context, *idp.AdminDeleteUserInput, ...func(*idp.Options)) (*idp.AdminDeleteUserOutput, error)
}

var _ Client = (*idp.Client)(nil)

// Pool is a user pool.
type Pool struct {
	client Client
	pace   *pace
	ID     string
}

// NewPool returns the user pool with that id.
func NewPool(client Client, id string) *Pool {
	return &Pool{client: client, pace: newPace(), ID: id}
}

// Player is an account.
type Player struct {
	Sub      string    `json:"sub"`
	Email    string    `json:"email"`
	Status   string    `json:"status"` // as Cognito spells it: CONFIRMED, UNCONFIRMED, …
	Enabled  bool      `json:"enabled"`
	Verified bool      `json:"verified"` // the e-mail address
	Created  time.Time `json:"created"`
}

// State is what a player can do.
type State string

// The states. Who is stranded has to set a password before anything else, for
// which the game has no screen.
const (
	Confirmed   State = "confirmed"   // can sign in
	Unconfirmed State = "unconfirmed" // has not followed the link in the mail
	Disabled    State = "disabled"    // must not sign in
	Stranded    State = "stranded"
)

// States lists them.
func States() []State { return []State{Confirmed, Unconfirmed, Disabled, Stranded} }

// Called tells whether a name is the player's whole address or whole id.
func (p Player) Called(name string) bool {
	return strings.EqualFold(p.Email, name) || strings.EqualFold(p.Sub, name)
}

// State tells what the player can do. Statuses that Cognito no longer uses count as stranded.
func (p Player) State() State {
	switch {
	case !p.Enabled:
		return Disabled
	case p.Status == string(types.UserStatusTypeConfirmed):
		return Confirmed
	case p.Status == string(types.UserStatusTypeUnconfirmed):
		return Unconfirmed
	}
	return Stranded
}

// Query chooses players. What is zero chooses all.
type Query struct {
	State State
	Email string    // how the address begins, in any case of letters
	Since time.Time // signed up then or later
	// Synthetic chooses synthetic players too, who are no people and are left out else.
	Synthetic bool
}

func (q Query) matches(p Player) bool {
	return (q.State == "" || p.State() == q.State) && hasPrefixFold(p.Email, q.Email) && !p.Created.Before(q.Since) &&
		(q.Synthetic || !p.Synthetic())
}

// filters are the part of a query that Cognito can answer, of one attribute; ""
// is all players.
func (q Query) filters() []string {
	switch {
	case q.Email != "":
		return emails(q.Email)
	case q.State == Disabled:
		return []string{`status = "Disabled"`}
	case q.State == Confirmed:
		return []string{`cognito:user_status = "CONFIRMED"`}
	case q.State == Unconfirmed:
		return []string{`cognito:user_status = "UNCONFIRMED"`}
	}
	return []string{""}
}

// List streams accounts, a page of 60 at a time. Cognito lists accounts some
// seconds after they are made.
func (p *Pool) List(ctx context.Context, q Query) iter.Seq2[Player, error] {
	return func(yield func(Player, error) bool) {
		filters := q.filters()
		seen := map[string]bool{} // where there are several
		for _, filter := range filters {
			for player, err := range p.list(ctx, filter) {
				if err == nil && (!q.matches(player) || seen[player.Sub]) {
					continue
				}
				if !yield(player, err) || err != nil {
					return
				}
				if len(filters) > 1 {
					seen[player.Sub] = true
				}
			}
		}
	}
}

// list streams what Cognito answers to a filter, "" for all. An emulator may answer more.
func (p *Pool) list(ctx context.Context, filter string) iter.Seq2[Player, error] {
	return func(yield func(Player, error) bool) {
		in := &idp.ListUsersInput{UserPoolId: &p.ID}
		if filter != "" {
			in.Filter = &filter
		}
		pages := idp.NewListUsersPaginator(p.client, in)
		for pages.HasMorePages() {
			err := p.pace.wait(ctx)
			var page *idp.ListUsersOutput
			if err == nil {
				page, err = pages.NextPage(ctx)
			}
			if err != nil {
				yield(Player{}, fmt.Errorf("list the players: %w", err))
				return
			}
			for _, u := range page.Users {
				if !yield(fromAPI(u), nil) {
					return
				}
			}
		}
	}
}

// maxFilter is how long a filter may be, in characters (API reference, ListUsers).
const maxFilter = 256

// begins is the filter for an attribute that begins with a value, or with as
// much of it as a filter holds. What it is compared with ends at a quote or a
// backslash: those are escaped on AWS, where the emulator cuts the value off.
// It is "" where nothing is left to ask for.
func begins(attribute, value string) string {
	if i := strings.IndexAny(value, `"\`); i >= 0 {
		value = value[:i]
	}
	room := maxFilter - len(attribute) - len(` ^= ""`)
	if len(value) > room {
		value = strings.ToValidUTF8(value[:room], "")
	}
	if value == "" {
		return ""
	}
	return attribute + ` ^= "` + value + `"`
}

// emails are the filters for addresses that begin with a text: the case of its
// letters may count.
func emails(text string) []string {
	list := []string{begins("email", text)}
	if lower := begins("email", strings.ToLower(text)); lower != list[0] {
		list = append(list, lower)
	}
	return list
}

func hasPrefixFold(s, prefix string) bool {
	return strings.HasPrefix(strings.ToLower(s), strings.ToLower(prefix))
}

func fromAPI(u types.UserType) Player {
	p := Player{Sub: aws.ToString(u.Username), Status: string(u.UserStatus), Enabled: u.Enabled, Created: aws.ToTime(u.UserCreateDate)}
	for _, a := range u.Attributes {
		switch aws.ToString(a.Name) {
		case "sub":
			p.Sub = aws.ToString(a.Value)
		case "email":
			p.Email = aws.ToString(a.Value)
		case "email_verified":
			p.Verified = aws.ToString(a.Value) == "true"
		}
	}
	return p
}
