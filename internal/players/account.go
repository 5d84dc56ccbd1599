package players

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// ErrTaken says that an account has that e-mail address already.
var ErrTaken = errors.New("there is an account with that address already")

// maxEmail is how long an address may be: it is what players sign in with, and
// Cognito takes no longer user names (API reference, AdminCreateUser).
const maxEmail = 128

// CheckEmail refuses what cannot be an e-mail address, before Cognito is asked.
func CheckEmail(email string) error {
	local, domain, ok := strings.Cut(email, "@")
	strange := func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) }
	switch {
	case !ok || local == "" || domain == "" || strings.ContainsFunc(email, strange):
		return fmt.Errorf("%q is no e-mail address", email)
	case len(email) > maxEmail:
		return fmt.Errorf("%.20q… is %d characters long, an address may have %d", email, len(email), maxEmail)
	}
	return nil
}

// Confirm confirms a sign-up and marks the e-mail address as verified, as the
// link in the e-mail would have done. It can be run again.
func (p *Pool) Confirm(ctx context.Context, player Player) (Player, error) {
	if player.Status == string(types.UserStatusTypeUnconfirmed) {
		_, err := p.client.AdminConfirmSignUp(ctx, &idp.AdminConfirmSignUpInput{UserPoolId: &p.ID, Username: &player.Sub})
		if err != nil && !strings.Contains(cloud.Message(err), "Current status is CONFIRMED") { // by the link, meanwhile
			return player, fmt.Errorf("confirm %s: %w", player.Email, err)
		}
		player.Status = string(types.UserStatusTypeConfirmed)
	}
	if err := p.update(ctx, player, attribute("email_verified", "true")); err != nil {
		return player, fmt.Errorf("mark the e-mail address of %s as verified: %w", player.Email, err)
	}
	player.Verified = true
	return player, nil
}

// SetEmail gives the player another address, verified at once: Cognito takes it
// without a mail if it is told so in the same call (developer guide, "Verifying
// updates to email addresses"). Id and saves stay. The error is [ErrTaken] if
// another account has the address.
func (p *Pool) SetEmail(ctx context.Context, player Player, email string) (Player, error) {
	for other, err := range p.List(ctx, Query{Email: email}) {
		if err != nil {
			return player, err
		}
		if strings.EqualFold(other.Email, email) && other.Sub != player.Sub {
			return player, fmt.Errorf("give %s the address %s: %w", player.Email, email, ErrTaken)
		}
	}
	err := p.update(ctx, player, attribute("email", email), attribute("email_verified", "true"))
	if cloud.Code(err) == "AliasExistsException" {
		err = ErrTaken
	}
	if err != nil {
		return player, fmt.Errorf("give %s the address %s: %w", player.Email, email, err)
	}
	player.Email, player.Verified = email, true
	return player, nil
}

func (p *Pool) update(ctx context.Context, player Player, attributes ...types.AttributeType) error {
	_, err := p.client.AdminUpdateUserAttributes(ctx, &idp.AdminUpdateUserAttributesInput{
		UserPoolId: &p.ID, Username: &player.Sub, UserAttributes: attributes,
	})
	return err
}

func attribute(name, value string) types.AttributeType {
	return types.AttributeType{Name: &name, Value: &value}
}

// Create makes an account that can sign in at once: confirmed, its address
// verified, the password permanent. Nobody gets a mail. What an earlier run
// began it finishes. The errors are [ErrTaken] and *[WeakPasswordError].
func (p *Pool) Create(ctx context.Context, email, password string) (Player, error) {
	player, err := p.begin(ctx, email, password)
	if err != nil {
		return player, err
	}
	return p.SetPassword(ctx, player, password)
}

// begin makes an account that waits for its password, or finds the one that was
// left so. The error is [ErrTaken] for one that has a password of its own.
func (p *Pool) begin(ctx context.Context, email, password string) (Player, error) {
	out, err := p.client.AdminCreateUser(ctx, &idp.AdminCreateUserInput{
		UserPoolId: &p.ID, Username: &email, MessageAction: types.MessageActionTypeSuppress,
		// Refused here, a weak password leaves no account behind that nobody can sign in to.
		TemporaryPassword: &password,
		UserAttributes:    []types.AttributeType{attribute("email", email), attribute("email_verified", "true")},
	})
	switch {
	case err == nil && out.User == nil:
		return Player{}, fmt.Errorf("create %s: %w", email, cloud.ErrEmptyAnswer)
	case err == nil:
		return fromAPI(*out.User), nil
	case cloud.Code(err) != "UsernameExistsException":
		return Player{}, fmt.Errorf("create %s: %w", email, p.weak(ctx, err))
	}
	for player, err := range p.List(ctx, Query{Email: email, Synthetic: true}) {
		if err != nil {
			return Player{}, err
		}
		if strings.EqualFold(player.Email, email) && player.begun() {
			return player, nil
		}
	}
	return Player{}, fmt.Errorf("create %s: %w", email, ErrTaken)
}

// begun tells whether the account was made and has no password of its own yet.
func (p Player) begun() bool { return p.Status == string(types.UserStatusTypeForceChangePassword) }

// SetPassword sets a permanent password, with which the player is confirmed.
// The error is *[WeakPasswordError] if the pool's rules refuse it.
func (p *Pool) SetPassword(ctx context.Context, player Player, password string) (Player, error) {
	_, err := p.client.AdminSetUserPassword(ctx, &idp.AdminSetUserPasswordInput{
		UserPoolId: &p.ID, Username: &player.Sub, Password: &password, Permanent: true,
	})
	if err != nil {
		return player, fmt.Errorf("set the password of %s: %w", player.Email, p.weak(ctx, err))
	}
	player.Status = string(types.UserStatusTypeConfirmed)
	return player, nil
}

// ErrConfirmed says that a player needs no mail to confirm.
var ErrConfirmed = errors.New("the address is confirmed already")

// Resend sends the mail with the link again. clientID is the game's app client.
func (p *Pool) Resend(ctx context.Context, player Player, clientID string) error {
	if player.Status != string(types.UserStatusTypeUnconfirmed) {
		return ErrConfirmed
	}
	_, err := p.client.ResendConfirmationCode(ctx, &idp.ResendConfirmationCodeInput{ClientId: &clientID, Username: &player.Sub})
	if err != nil {
		return fmt.Errorf("send %s the mail again: %w", player.Email, err)
	}
	return nil
}

// Disable keeps the player from signing in. Whoever is signed in may sync until
// the access token ends: the API does not see the switch.
func (p *Pool) Disable(ctx context.Context, player Player) (Player, error) {
	_, err := p.client.AdminDisableUser(ctx, &idp.AdminDisableUserInput{UserPoolId: &p.ID, Username: &player.Sub})
	if err != nil {
		return player, fmt.Errorf("disable %s: %w", player.Email, err)
	}
	player.Enabled = false
	return player, nil
}

// Enable lets the player sign in again.
func (p *Pool) Enable(ctx context.Context, player Player) (Player, error) {
	_, err := p.client.AdminEnableUser(ctx, &idp.AdminEnableUserInput{UserPoolId: &p.ID, Username: &player.Sub})
	if err != nil {
		return player, fmt.Errorf("enable %s: %w", player.Email, err)
	}
	player.Enabled = true
	return player, nil
}

// SignOut ends the player's sessions: no device gets a new access token without signing
// in again. The one that it has the API takes until it ends.
func (p *Pool) SignOut(ctx context.Context, player Player) error {
	_, err := p.client.AdminUserGlobalSignOut(ctx, &idp.AdminUserGlobalSignOutInput{UserPoolId: &p.ID, Username: &player.Sub})
	if err != nil {
		return fmt.Errorf("end the sessions of %s: %w", player.Email, err)
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
