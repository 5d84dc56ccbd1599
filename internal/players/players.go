// Package players administers the accounts in the user pool. Players sign in
// with their e-mail address; what identifies them everywhere else is the sub.
package players

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// Client is the part of the Cognito API that this package uses.
type Client interface {
	idp.ListUsersAPIClient
	DescribeUserPool(context.Context, *idp.DescribeUserPoolInput, ...func(*idp.Options)) (*idp.DescribeUserPoolOutput, error)
	UpdateUserPool(context.Context, *idp.UpdateUserPoolInput, ...func(*idp.Options)) (*idp.UpdateUserPoolOutput, error)
	DeleteUserPool(context.Context, *idp.DeleteUserPoolInput, ...func(*idp.Options)) (*idp.DeleteUserPoolOutput, error)
	AdminConfirmSignUp(context.Context, *idp.AdminConfirmSignUpInput, ...func(*idp.Options)) (*idp.AdminConfirmSignUpOutput, error)
	AdminUpdateUserAttributes(context.Context, *idp.AdminUpdateUserAttributesInput, ...func(*idp.Options)) (*idp.AdminUpdateUserAttributesOutput, error)
	AdminDeleteUser(context.Context, *idp.AdminDeleteUserInput, ...func(*idp.Options)) (*idp.AdminDeleteUserOutput, error)
}

var _ Client = (*idp.Client)(nil)

// Pool is a user pool.
type Pool struct {
	client Client
	ID     string
}

// NewPool returns the user pool with that id.
func NewPool(client Client, id string) *Pool { return &Pool{client: client, ID: id} }

// Player is an account.
type Player struct {
	Sub     string    `json:"sub"`
	Email   string    `json:"email"`
	Status  string    `json:"status"` // as Cognito spells it: CONFIRMED, UNCONFIRMED, …
	Enabled bool      `json:"enabled"`
	Created time.Time `json:"created"`
}

// ErrNoPlayer says that nobody has that e-mail address or sub.
var ErrNoPlayer = errors.New("no such player")

// List streams every account. Cognito hands out 60 at a time, and lists
// accounts some seconds after they are made.
func (p *Pool) List(ctx context.Context) iter.Seq2[Player, error] { return p.list(ctx, nil) }

func (p *Pool) list(ctx context.Context, filter *string) iter.Seq2[Player, error] {
	return func(yield func(Player, error) bool) {
		pages := idp.NewListUsersPaginator(p.client, &idp.ListUsersInput{UserPoolId: &p.ID, Filter: filter})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
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

func fromAPI(u types.UserType) Player {
	p := Player{Sub: aws.ToString(u.Username), Status: string(u.UserStatus), Enabled: u.Enabled, Created: aws.ToTime(u.UserCreateDate)}
	for _, a := range u.Attributes {
		switch aws.ToString(a.Name) {
		case "sub":
			p.Sub = aws.ToString(a.Value)
		case "email":
			p.Email = aws.ToString(a.Value)
		}
	}
	return p
}

// Find returns the account with that e-mail address or sub. It uses ListUsers,
// which, unlike AdminGetUser, does not make the player count as active this
// month. The error is [ErrNoPlayer] if there is none.
func (p *Pool) Find(ctx context.Context, emailOrSub string) (Player, error) {
	attribute := "sub"
	if strings.Contains(emailOrSub, "@") {
		attribute = "email"
	}
	if strings.ContainsAny(emailOrSub, "\"\\") {
		return Player{}, ErrNoPlayer
	}
	filter := fmt.Sprintf("%s = %q", attribute, emailOrSub)
	for player, err := range p.list(ctx, &filter) {
		return player, err
	}
	return Player{}, ErrNoPlayer
}

// Confirm confirms a sign-up and marks the e-mail address as verified, as the
// link in the e-mail would have done. It can be run again.
func (p *Pool) Confirm(ctx context.Context, player Player) error {
	if player.Status == string(types.UserStatusTypeUnconfirmed) {
		if _, err := p.client.AdminConfirmSignUp(ctx, &idp.AdminConfirmSignUpInput{UserPoolId: &p.ID, Username: &player.Sub}); err != nil {
			return fmt.Errorf("confirm %s: %w", player.Email, err)
		}
	}
	_, err := p.client.AdminUpdateUserAttributes(ctx, &idp.AdminUpdateUserAttributesInput{
		UserPoolId: &p.ID, Username: &player.Sub,
		UserAttributes: []types.AttributeType{{Name: aws.String("email_verified"), Value: aws.String("true")}},
	})
	if err != nil {
		return fmt.Errorf("mark the e-mail address of %s as verified: %w", player.Email, err)
	}
	return nil
}

// Delete deletes the account. The player's saves are not touched.
func (p *Pool) Delete(ctx context.Context, player Player) error {
	_, err := p.client.AdminDeleteUser(ctx, &idp.AdminDeleteUserInput{UserPoolId: &p.ID, Username: &player.Sub})
	if err != nil && !cloud.IsNotFound(err) {
		return fmt.Errorf("delete %s: %w", player.Email, err)
	}
	return nil
}
